package changes_test

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pack/infra/changes"
	"pack/tests/cloudformation"
)

// schemas asks cfn-lint, which carries AWS's resource schemas, for the properties of
// some types that replace a resource: those of createOnlyProperties, and apart those of
// conditionalCreateOnlyProperties.
const schemas = `
import json, sys
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
found = {}
for name in json.load(sys.stdin):
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", name).schema
    found[name] = {"always": schema.get("createOnlyProperties", []), "sometimes": schema.get("conditionalCreateOnlyProperties", [])}
json.dump(found, sys.stdout)
`

// sometimes are conditional ones that are taken as replacing, and those that no
// template of pack's has.
var sometimes = map[string]bool{"AWS::DynamoDB::Table KeySchema": true, "AWS::Lambda::Function DurableConfig": false}

// TestFixedAgainstSchemas: a plan calls those changes replacements that AWS does, for
// every type that the golden templates have.
func TestFixedAgainstSchemas(t *testing.T) {
	t.Parallel()
	// Of all templates, but for what every deploy makes anew.
	types := slices.DeleteFunc(cloudformation.Types(t, cloudformation.Goldens(t, "*/*.json")...), func(kind string) bool {
		return slices.Contains(changes.ByEveryDeploy, kind)
	})
	text, err := json.Marshal(types)
	if err != nil {
		t.Fatal(err)
	}
	ask := exec.CommandContext(t.Context(), "python3", "-P", "-c", schemas)
	ask.Stdin = strings.NewReader(string(text))
	out, err := ask.Output()
	if err != nil {
		t.Fatalf("cfn-lint 1.51.0 is not on this machine (pip install cfn-lint==1.51.0): %v", err)
	}
	var found map[string]struct{ Always, Sometimes []string }
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatal(err)
	}
	for _, kind := range types {
		var want []string
		for _, pointer := range found[kind].Always {
			want = append(want, top(pointer))
		}
		for _, pointer := range found[kind].Sometimes {
			replaces, known := sometimes[kind+" "+top(pointer)]
			if !known {
				t.Errorf("%s: whether a change of %s replaces it depends, and nobody has said what is told", kind, top(pointer))
			}
			if replaces {
				want = append(want, top(pointer))
			}
		}
		slices.Sort(want)
		if got := changes.Fixed[kind]; !slices.Equal(got, want) {
			t.Errorf("%s is replaced by changes of %q; AWS's schema says %q", kind, got, want)
		}
	}
	for kind := range changes.Fixed {
		if !slices.Contains(types, kind) {
			t.Errorf("no template has a %s", kind)
		}
	}
}

// top is the property that a JSON pointer begins in.
func top(pointer string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(pointer, "/properties/"), "/")
	return name
}
