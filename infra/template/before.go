package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Before is what a stack has, as far as it binds what it is to become: functions
// stay in the nested stack that they are in and keep their roles, and those that a
// kept release needs stay though the new deployment has them no more.
type Before struct {
	// places say where functions are, by logical id: a nested stack's logical id, ""
	// for the root.
	places map[string]string
	// names are the functions' on AWS, by logical id.
	names map[string]string
	// resources are all there are by logical id, as they would be in the root.
	resources map[string]*resource
	needed    func(lambdaName string) bool
}

// NewBefore reads the templates that were applied last, by the nested stack's
// logical id, "" for the root. needed says of functions, by their names on AWS,
// whether a kept release has them. It is nil where there are no templates.
func NewBefore(templates map[string][]byte, needed func(lambdaName string) bool) (*Before, error) {
	if templates[""] == nil {
		return nil, nil
	}
	b := &Before{places: map[string]string{}, names: map[string]string{}, resources: map[string]*resource{}, needed: needed}
	all, err := Flatten(templates)
	if err != nil {
		return nil, err
	}
	for id, r := range all {
		b.resources[id] = &resource{Type: r.Type, DependsOn: r.dependsOn, Kept: r.Kept, Properties: r.Properties}
		if r.Type == "AWS::Lambda::Function" {
			b.places[id] = r.Stack
			b.names[id], _ = r.Properties["FunctionName"].(string)
		}
	}
	return b, nil
}

// Resource is a resource as it would be in the root, wherever it is.
type Resource struct {
	// Stack is the logical id of the nested stack that has it; empty for the root.
	Stack      string
	Type       string
	Kept       bool
	Properties map[string]any
	dependsOn  []string
}

// Flatten gives the resources of templates by logical id: those of the root, whose
// name is "", and of those nested in it, whose parameters are what the root gives
// them.
func Flatten(templates map[string][]byte) (map[string]Resource, error) {
	decoded := map[string]document{}
	for name, body := range templates {
		var d document
		if err := json.Unmarshal(body, &d); err != nil {
			return nil, fmt.Errorf("read template: %w", err)
		}
		decoded[name] = d
	}
	all := map[string]Resource{}
	for _, name := range slices.Sorted(maps.Keys(decoded)) {
		given, _ := decoded[""].Resources[name].Properties["Parameters"].(object)
		for id, r := range decoded[name].Resources {
			properties := r.Properties
			if name != "" {
				properties, _ = eachReference(properties, func(id, attribute string, whole object) any {
					if value, ok := given[id]; ok && attribute == "" {
						return value
					}
					return whole
				}).(object)
			}
			all[id] = Resource{Stack: name, Type: r.Type, Kept: r.DeletionPolicy != "", Properties: properties, dependsOn: r.DependsOn}
		}
	}
	return all, nil
}

func (b *Before) has(id string) bool { return b != nil && b.resources[id] != nil }

// place says where a function is.
func (b *Before) place(function string) (nested string, known bool) {
	if b == nil {
		return "", false
	}
	nested, known = b.places[function]
	return nested, known
}

// shares reports whether a route function has the role that all share: those that
// were made with one of their own keep it, since their versions have it.
func (s *stack) shares(function string) bool {
	if _, known := s.o.Before.place(function); known {
		return !s.o.Before.has(function + "Role")
	}
	return s.shared
}

// carry takes over the functions that kept releases need and this deployment has no
// more, with what they refer to.
func (s *stack) carry() error {
	if s.o.Before == nil {
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(s.o.Before.places)) {
		if s.resources[id] != nil || !s.o.Before.needed(s.o.Before.names[id]) {
			continue
		}
		var group []string
		for _, part := range []string{"", "Role", "Logs", "LogsAbandoned"} {
			if s.o.Before.has(id + part) {
				s.add(id+part, s.o.Before.resources[id+part])
				group = append(group, id+part)
			}
		}
		s.routes = append(s.routes, group)
		for _, each := range group {
			carried := *s.resources[each]
			carried.Properties = eachReference(carried.Properties, s.carried).(object)
			s.resources[each] = &carried
		}
	}
	return nil
}

// carried sees to what a function refers to that was carried over: its layer comes
// along, and what there is no more, such as the CDN, is nothing.
func (s *stack) carried(id, _ string, whole object) any {
	_, given := s.parameters[id]
	switch {
	case given, s.resources[id] != nil, strings.HasPrefix(id, "AWS::"):
		return whole
	case s.o.Before.has(id) && strings.HasPrefix(id, "Layer"):
		s.add(id, s.o.Before.resources[id])
		return whole
	}
	return ""
}
