package template_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"pack/infra/template"
)

// TestDocumented: docs/architecture-on-aws.md explains every kind of resource, every
// parameter and every output of the golden templates, and its diagram has their numbers.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/architecture-on-aws.md")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, code := range regexp.MustCompile("`[^`\n]+`").FindAllString(string(text), -1) {
		// `S3::BucketPolicy`, `AWS::Lambda::Function`, `Url`
		code = strings.Trim(code, "`")
		named[code[strings.LastIndex(code, ":")+1:]] = true
	}
	for _, path := range goldenFiles(t, "*.json") {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var golden struct {
			Parameters, Outputs map[string]any
			Resources           map[string]struct {
				Type       string
				Properties map[string]any
			}
		}
		if err := json.Unmarshal(body, &golden); err != nil {
			t.Fatal(err)
		}
		for name := range golden.Parameters {
			if !named[name] {
				t.Errorf("%s: the parameter %s is not explained", path, name)
			}
		}
		for name := range golden.Outputs {
			if !named[name] {
				t.Errorf("%s: the output %s is not explained", path, name)
			}
		}
		for id, r := range golden.Resources {
			kind := r.Type[strings.LastIndex(r.Type, ":")+1:]
			if !named[kind] && !(kind == "Bucket" && named[id]) && !(kind == "Table" && named[id]) {
				t.Errorf("%s: %s, a %s, is not explained", path, id, r.Type)
			}
		}
	}
	c, err := template.NewCloudFormation(fixtures(t)[0].options)
	if err != nil {
		t.Fatal(err)
	}
	for queue, dead := range map[string]string{"RefreshQueue": "dead1", "JobQueue": "dead2"} {
		redrive := parsed(t, c.Files[0].Body).Resources[queue].Properties["RedrivePolicy"].(map[string]any)
		count, _ := json.Marshal(redrive["maxReceiveCount"])
		if !strings.Contains(string(text), `"`+string(count)+` receives" .-> `+dead) {
			t.Errorf("the diagram does not say that %s has %s receives", queue, count)
		}
	}
}
