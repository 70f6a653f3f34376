package template_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/infra/template"
	"pack/manifest"
)

// TestPolicies reads every policy that allows something: it names actions and
// resources, and neither is everything.
func TestPolicies(t *testing.T) {
	seen := 0
	for path, golden := range goldens(t, template.RootName) {
		for id, r := range golden.Resources {
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

// TestReleases: no function may change what is in production.
func TestReleases(t *testing.T) {
	writers := 0
	for path, golden := range goldens(t, template.RootName) {
		for id, r := range golden.Resources {
			writes, denied := false, map[string]bool{}
			for _, s := range statements(r.Properties) {
				for _, resource := range all(s["Resource"]) {
					for _, action := range all(s["Action"]) {
						switch _, key, _ := strings.Cut(flat(resource), "{map[Ref:StateBucket]}/"); {
						case s["Effect"] == "Allow" && action == "s3:PutObject" && key == "*":
							writes = true
						case s["Effect"] == "Deny" && strings.HasPrefix(manifest.TrafficKey, strings.TrimSuffix(key, "*")) && strings.HasPrefix(manifest.ReleaseKey("id"), strings.TrimSuffix(key, "*")):
							denied[action.(string)] = key != ""
						}
					}
				}
			}
			if writes && r.Type == "AWS::IAM::Role" {
				if writers++; !denied["s3:PutObject"] || !denied["s3:DeleteObject"] {
					t.Errorf("%s: %s may change what is in production", path, id)
				}
			}
		}
	}
	if writers < 50 {
		t.Errorf("%d roles were looked at", writers)
	}
}

// TestMissingFiles: whoever reads from a bucket may list it as well, or S3 answers 403 for
// what is not there, which is 404 to visitors.
func TestMissingFiles(t *testing.T) {
	seen := 0
	for path, golden := range goldens(t, template.RootName) {
		for id, r := range golden.Resources {
			read, listed := map[string]bool{}, map[string]bool{}
			for _, s := range statements(r.Properties) {
				for _, resource := range all(s["Resource"]) {
					bucket, _, objects := strings.Cut(strings.TrimPrefix(flat(resource), "arn:aws:s3:::"), "/")
					read[bucket] = read[bucket] || objects && slices.Contains(all(s["Action"]), any("s3:GetObject"))
					listed[bucket] = listed[bucket] || !objects && slices.Contains(all(s["Action"]), any("s3:ListBucket"))
				}
			}
			for bucket, reads := range read {
				// What the gateway reads of assets, it knows to be there.
				if reads && !(r.Type == "AWS::IAM::Role" && bucket == "{map[Ref:AssetBucket]}") {
					seen++
					if !listed[bucket] {
						t.Errorf("%s: %s lets %s be read and not listed", path, id, bucket)
					}
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("%d readers were looked at", seen)
	}
}

// TestKeysOfSecrets: secrets that a key of the account's own encrypts can be read, through
// the services that keep them and in no other way, and by the functions that have secrets.
func TestKeysOfSecrets(t *testing.T) {
	d := deployment(t, "testdata/storefront.json")
	made := func(secrets map[string]manifest.StoredSecret) map[string][]string {
		t.Helper()
		c, err := template.NewCloudFormation(template.Options{
			Deployment: d, Name: "shop", Stage: "production", Layers: layers(), DeploymentLayer: sum("deployment"), Secrets: secrets,
		})
		if err != nil {
			t.Fatal(err)
		}
		found := map[string][]string{}
		for id, r := range parsed(t, c.Files[0].Body).Resources {
			for _, s := range statements(r.Properties) {
				if slices.Contains(all(s["Action"]), any("kms:Decrypt")) {
					via := s["Condition"].(map[string]any)["StringEquals"].(map[string]any)["kms:ViaService"]
					found[id] = append(found[id], flat(all(s["Resource"])[0])+" "+via.(string))
				}
			}
		}
		return found
	}
	if found := made(nil); len(found) > 0 {
		t.Errorf("without secrets there are %v", found)
	}
	found := made(map[string]manifest.StoredSecret{
		"A": {Parameter: "/shop/a"}, "B": {Parameter: "/shop/b"}, "C": {Secret: "shop/c"},
		"D": {Secret: "arn:aws:secretsmanager:eu-west-3:210987654321:secret:d-AbCdEf"},
	})
	want := []string{
		"arn:aws:kms:eu-west-3:210987654321:key/* secretsmanager.eu-west-3.amazonaws.com",
		"arn:aws:kms:us-east-1:{map[Ref:AWS::AccountId]}:key/* secretsmanager.us-east-1.amazonaws.com",
		"arn:aws:kms:us-east-1:{map[Ref:AWS::AccountId]}:key/* ssm.us-east-1.amazonaws.com",
	}
	for id, got := range found {
		if diff := cmp.Diff(want, got); diff != "" || strings.HasPrefix(id, "Image") {
			t.Errorf("%s: %s", id, diff)
		}
	}
	if len(found) < 30 {
		t.Errorf("%d roles may decrypt", len(found))
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
