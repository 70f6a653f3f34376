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
func (s *stack) split() ([]File, error) {
	all, err := s.encode("", slices.Sorted(maps.Keys(s.resources)), s.outputs)
	if err != nil {
		return nil, err
	}
	if len(s.resources) <= maxResources && len(all) <= maxBytes {
		return nil, nil
	}
	parts, err := s.parts()
	if err != nil {
		return nil, err
	}
	var files []File
	for i, ids := range parts {
		file, err := s.nest(fmt.Sprintf("Routes%02d", i+1), ids)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// parts says which resources go together. Functions keep to the order of their
// names.
func (s *stack) parts() ([][]string, error) {
	var parts [][]string
	var part []string
	bytes := 0
	for _, group := range s.routes {
		size := 0
		for _, id := range group {
			text, err := encodeIndented(s.resources[id].Properties)
			if err != nil {
				return nil, err
			}
			size += 2*len(text) + len(id) // twice for the indentation
		}
		if len(part) > 0 && (len(part)+len(group) > nestedResources || bytes+size > nestedBytes) {
			parts, part, bytes = append(parts, part), nil, 0
		}
		part, bytes = append(part, group...), bytes+size
	}
	if len(part) > 0 {
		parts = append(parts, part)
	}
	return parts, nil
}

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
