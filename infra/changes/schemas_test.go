package changes_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pack/infra/changes"
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
	types := typesOf(t, "../template/testdata/golden/*/*.json")
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

// typesOf lists the types of the resources in templates, but for those that every
// deploy makes anew.
func typesOf(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var types []string
	for _, file := range files {
		if strings.HasSuffix(file, ".tf.json") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Resources map[string]struct{ Type string }
		}
		if err := json.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		for _, r := range template.Resources {
			if !slices.Contains(types, r.Type) && !slices.Contains(changes.ByEveryDeploy, r.Type) {
				types = append(types, r.Type)
			}
		}
	}
	slices.Sort(types)
	return types
}
