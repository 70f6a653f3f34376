package template

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What one nested template may hold; less than the quotas, so that a change
// does not always move functions from one stack to another.
const (
	nestedResources = 450
	nestedBytes     = maxBytes - 128<<10
)

// split moves the route functions into nested stacks when they are too many for
// one template. What they refer to of the root is given to them as parameters.
// Those that are somewhere stay there: CloudFormation cannot move what has a name.
func (s *stack) split() ([]File, error) {
	parts, err := s.parts()
	if err != nil {
		return nil, err
	}
	var files []File
	for _, p := range parts {
		file, err := s.nest(p.name, p.ids)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// part is a nested stack as it grows.
type part struct {
	name  string
	ids   []string
	bytes int
}

// parts says which resources go together; none where all fit into the root.
// Functions keep to the order of their names.
func (s *stack) parts() ([]*part, error) {
	all, err := s.encode("", slices.Sorted(maps.Keys(s.resources)), s.outputs)
	if err != nil {
		return nil, err
	}
	many := len(s.resources) > maxResources || len(all) > maxBytes
	var parts []*part
	var free [][]string
	put := func(p *part, group []string, size int) { p.ids, p.bytes = append(p.ids, group...), p.bytes+size }
	find := func(name string) *part {
		for _, p := range parts {
			if p.name == name {
				return p
			}
		}
		parts = append(parts, &part{name: name})
		return parts[len(parts)-1]
	}
	sizes := make(map[string]int, len(s.routes))
	for _, group := range s.routes {
		for _, id := range group {
			text, err := encodeIndented(s.resources[id].Properties)
			if err != nil {
				return nil, err
			}
			sizes[group[0]] += 2*len(text) + len(id) // twice for the indentation
		}
		switch nested, known := s.o.Before.place(group[0]); {
		case known && nested != "":
			put(find(nested), group, sizes[group[0]])
		case !known && many:
			free = append(free, group)
		}
	}
	n := 1
	for _, group := range free {
		size := sizes[group[0]]
		p := find(partName(n))
		for len(p.ids) > 0 && (len(p.ids)+len(group) > nestedResources || p.bytes+size > nestedBytes) {
			n++
			p = find(partName(n))
		}
		put(p, group, size)
	}
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.name, b.name) })
	return parts, nil
}

func partName(n int) string { return fmt.Sprintf("Routes%02d", n) }

// nest makes a nested stack of resources and takes them out of the root.
func (s *stack) nest(name string, ids []string) (File, error) {
	inner := &stack{o: s.o, resources: map[string]*resource{}, parameters: map[string]parameter{}}
	given := object{}
	for _, id := range ids {
		r := *s.resources[id]
		r.Properties = eachReference(r.Properties, func(id, attribute string, whole object) any {
			if slices.Contains(ids, id) || strings.HasPrefix(id, "AWS::") {
				return whole
			}
			if p, ok := s.parameters[id]; ok {
				p.Required, p.Default = true, ""
				inner.parameters[id], given[id] = p, whole
				return whole
			}
			parameterID := id + attribute
			inner.parameters[parameterID] = parameter{Description: "Of the stack that has this one", Required: true}
			given[parameterID] = whole
			return ref(parameterID)
		}).(object)
		inner.resources[id] = &r
		delete(s.resources, id)
	}
	body, err := inner.encode("pack: "+s.o.prefix()+", "+name, ids, nil)
	if err != nil {
		return File{}, err
	}
	if len(ids) > maxResources || len(body) > maxBytes {
		return File{}, fmt.Errorf("nested template %s has %d resources and %d bytes", name, len(ids), len(body))
	}
	key := templateKey(digestOf(body))
	s.add(name, &resource{Type: "AWS::CloudFormation::Stack", Properties: object{
		"TemplateURL": join("https://", ref(ParamArtifacts), ".s3."+s.region+".amazonaws.com/"+key),
		"Parameters":  given,
	}})
	for i := range s.functions {
		if slices.Contains(ids, s.functions[i].Function) {
			s.functions[i].Stack = name
		}
	}
	return File{Name: strings.ToLower(name) + ".json", Key: key, Body: body}, nil
}

// StackOf is the logical id of the nested stack that a file is the template of.
func StackOf(f File) string {
	name := strings.TrimSuffix(f.Name, ".json")
	return strings.ToUpper(name[:1]) + name[1:]
}
