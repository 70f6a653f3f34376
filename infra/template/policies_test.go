package template_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"pack/infra/template"
)

// TestPolicies reads every policy that allows something: it names actions and
// resources, and neither is everything.
func TestPolicies(t *testing.T) {
	seen := 0
	for _, path := range goldenFiles(t, template.RootName) {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for id, r := range parsed(t, body).Resources {
			for _, s := range statements(r.Properties) {
				if s["Effect"] != "Allow" {
					continue
				}
				seen++
				checkStatement(t, path+": "+id, s)
			}
			if r.Type == "AWS::IAM::Role" && (r.Properties["ManagedPolicyArns"] != nil || r.Properties["Policies"] == nil) {
				t.Errorf("%s: %s has other policies than its own", path, id)
			}
		}
	}
	if seen < 100 {
		t.Errorf("only %d statements were read", seen)
	}
}

func checkStatement(t *testing.T, at string, s map[string]any) {
	t.Helper()
	for _, action := range all(s["Action"]) {
		if text := action.(string); strings.Contains(text, "*") || !strings.Contains(text, ":") {
			t.Errorf("%s allows %q", at, text)
		}
	}
	if s["Principal"] != nil {
		if s["Resource"] == nil {
			return // the trust of a role: it is the resource
		}
		if s["Principal"] == "*" {
			t.Errorf("%s allows everybody something", at)
		}
	}
	if len(all(s["Resource"])) == 0 {
		t.Errorf("%s allows %v on no resource", at, s["Action"])
	}
	for _, resource := range all(s["Resource"]) {
		text := flat(resource)
		// The last part may end in a pattern: objects of a bucket, streams of a
		// log group, functions of this app. What comes before is fixed.
		fixed := strings.TrimRight(text, "*?")
		if text == "*" || strings.Contains(strings.TrimSuffix(strings.TrimSuffix(fixed, "-"), "/"), "*") || len(fixed) < 12 {
			t.Errorf("%s allows %v on %q", at, s["Action"], text)
		}
	}
}

// statements finds the statements of all policies below a value.
func statements(value any) []map[string]any {
	var found []map[string]any
	switch v := value.(type) {
	case map[string]any:
		if list, ok := v["Statement"].([]any); ok {
			for _, s := range list {
				found = append(found, s.(map[string]any))
			}
			return found
		}
		for _, inner := range v {
			found = append(found, statements(inner)...)
		}
	case []any:
		for _, inner := range v {
			found = append(found, statements(inner)...)
		}
	}
	return found
}

func all(value any) []any {
	if value == nil {
		return nil
	}
	if list, ok := value.([]any); ok {
		return list
	}
	return []any{value}
}

// flat writes a value with its references in braces.
func flat(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case map[string]any:
		if parts, ok := v["Fn::Join"].([]any); ok {
			var b strings.Builder
			for _, part := range parts[1].([]any) {
				b.WriteString(flat(part))
			}
			return b.String()
		}
		return fmt.Sprintf("{%v}", v)
	}
	return fmt.Sprint(value)
}
