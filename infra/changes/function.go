package changes

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pack/infra/template"
)

// everyDeploy are variables that any deploy may change.
var everyDeploy = []string{"PACK_RELEASE"}

// ofFunction says what of a function changes.
func ofFunction(was, is map[string]any) []string {
	var all []string
	for _, property := range properties(was, is) {
		before, after := was[property], is[property]
		if reflect.DeepEqual(before, after) {
			continue
		}
		switch property {
		case "Code":
			all = append(all, "code")
		case "Layers":
			if !reflect.DeepEqual(programs(before), programs(after)) {
				all = append(all, "pack's program")
			}
		case "Environment":
			all = append(all, ofEnvironment(variables(before), variables(after))...)
		case "MemorySize":
			all = append(all, fmt.Sprintf("memory %v → %v MB", before, after))
		case "Timeout":
			all = append(all, fmt.Sprintf("timeout %v → %v s", before, after))
		case "Runtime", "Architectures":
			all = append(all, fmt.Sprintf("%s %v → %v", strings.ToLower(property), plain(before), plain(after)))
		default:
			all = append(all, property)
		}
	}
	return all
}

// programs are the layers less that of the Deployment, which is another one at every
// deploy.
func programs(layers any) []any {
	return slices.DeleteFunc(slices.Clone(listed(layers)), func(layer any) bool {
		reference, _ := layer.(map[string]any)
		id, _ := reference["Ref"].(string)
		return template.IsDeploymentLayer(id)
	})
}

func variables(environment any) map[string]any {
	outer, _ := environment.(map[string]any)
	inner, _ := outer["Variables"].(map[string]any)
	return inner
}

// ofEnvironment names variables and shows no value: what they hold is nobody's
// business who reads a plan.
func ofEnvironment(was, is map[string]any) []string {
	var all []string
	for _, name := range properties(was, is) {
		_, had := was[name]
		_, has := is[name]
		switch {
		case slices.Contains(everyDeploy, name) || reflect.DeepEqual(was[name], is[name]):
		case !had:
			all = append(all, "+ variable "+name)
		case !has:
			all = append(all, "- variable "+name)
		default:
			all = append(all, "variable "+name)
		}
	}
	return all
}

// contents say of a new resource what an owner would ask first.
func contents(r template.Resource) []string {
	switch r.Type {
	case functionType:
		return []string{fmt.Sprintf("%v MB, %v s, %v", plain(r.Properties["MemorySize"]), plain(r.Properties["Timeout"]), plain(r.Properties["Architectures"]))}
	case roleType:
		return ofStatements(nil, statements(r))
	}
	return []string{}
}

// statements are what a role allows: "s3:GetObject on …".
func statements(r template.Resource) []string {
	var all []string
	policies, _ := r.Properties["Policies"].([]any)
	for _, p := range policies {
		document, _ := p.(map[string]any)["PolicyDocument"].(map[string]any)
		list, _ := document["Statement"].([]any)
		for _, s := range list {
			statement, _ := s.(map[string]any)
			for _, action := range listed(statement["Action"]) {
				for _, resource := range listed(statement["Resource"]) {
					all = append(all, fmt.Sprintf("%s on %s", plain(action), plain(resource)))
				}
			}
		}
	}
	return all
}

func listed(v any) []any {
	if list, ok := v.([]any); ok {
		return list
	}
	return []any{v}
}

// ofStatements says what is allowed anew, and what no more.
func ofStatements(was, is []string) []string {
	var all []string
	for _, s := range is {
		if !slices.Contains(was, s) {
			all = append(all, "+ "+s)
		}
	}
	for _, s := range was {
		if !slices.Contains(is, s) {
			all = append(all, "- "+s)
		}
	}
	return all
}

// plain writes a value as a person would: an intrinsic function by what it names.
func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		parts := make([]string, len(v))
		for i, member := range v {
			parts[i] = plain(member)
		}
		return strings.Join(parts, " ")
	case map[string]any:
		if id, ok := v["Ref"].(string); ok {
			return "{" + strings.TrimPrefix(id, "AWS::") + "}"
		}
		if parts, ok := v["Fn::GetAtt"].([]any); ok && len(parts) == 2 {
			return fmt.Sprintf("{%v}", parts[0])
		}
		if parts, ok := v["Fn::Join"].([]any); ok && len(parts) == 2 {
			var b strings.Builder
			for _, part := range listed(parts[1]) {
				b.WriteString(plain(part))
			}
			return b.String()
		}
		if len(v) == 0 {
			return "{}"
		}
		return fmt.Sprint(slices.Sorted(maps.Keys(v)))
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}
