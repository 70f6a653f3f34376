package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pack/infra/template"
	"pack/manifest"
)

// written is a template as its reader sees it.
type written struct {
	Parameters map[string]struct{ Default *string }
	Conditions map[string]any
	Resources  map[string]struct {
		Type       string
		DependsOn  []string
		Properties map[string]any
	}
	Outputs map[string]struct{ Value any }
}

func parsed(t *testing.T, body []byte) written {
	t.Helper()
	var w written
	if err := json.Unmarshal(body, &w); err != nil {
		t.Fatal(err)
	}
	return w
}

// check finds references that lead nowhere, and parameters that nothing uses.
// Whether AWS has the attributes is for cfn-lint to say.
func (w *written) check(t *testing.T, name string) {
	t.Helper()
	used := map[string]bool{}
	var walk func(at string, value any)
	walk = func(at string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for key, inner := range v {
				switch key {
				case "Ref":
					id := inner.(string)
					used[id] = true
					if _, ok := w.Resources[id]; !ok && !strings.HasPrefix(id, "AWS::") {
						if _, ok := w.Parameters[id]; !ok {
							t.Errorf("%s: %s: Ref %s leads nowhere", name, at, id)
						}
					}
				case "Fn::GetAtt":
					if id := inner.([]any)[0].(string); w.Resources[id].Type == "" {
						t.Errorf("%s: %s: GetAtt %s leads nowhere", name, at, id)
					}
				case "Fn::If":
					condition := inner.([]any)[0].(string)
					if _, ok := w.Conditions[condition]; !ok {
						t.Errorf("%s: %s: there is no condition %s", name, at, condition)
					}
				}
				walk(at+"."+key, inner)
			}
		case []any:
			for i, inner := range v {
				walk(fmt.Sprintf("%s[%d]", at, i), inner)
			}
		}
	}
	for id, r := range w.Resources {
		walk(id, r.Properties)
		for _, other := range r.DependsOn {
			if w.Resources[other].Type == "" {
				t.Errorf("%s: %s depends on %s, which is not there", name, id, other)
			}
		}
	}
	for id, c := range w.Conditions {
		walk(id, c)
	}
	for id, o := range w.Outputs {
		walk(id, o.Value)
	}
	for id := range w.Parameters {
		if !used[id] {
			t.Errorf("%s: nothing uses the parameter %s", name, id)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, pattern := range []string{template.RootName, template.CertificateName} {
		for path, golden := range goldens(t, pattern) {
			golden.check(t, path)
		}
	}
}

// TestMany: 2,000 routes are nested stacks, each within CloudFormation's quotas,
// and all of them within what one operation changes.
func TestMany(t *testing.T) {
	for _, c := range []struct {
		routes, stacks      int
		versioned, ownRoles bool
	}{{80, 0, true, true}, {150, 2, true, true}, {1000, 5, true, false}, {2000, 5, false, false}} {
		t.Run(fmt.Sprint(c.routes), func(t *testing.T) {
			made, err := template.NewCloudFormation(many(c.routes))
			if err != nil {
				t.Fatal(err)
			}
			if got := len(made.Files) - 1; got != c.stacks {
				t.Errorf("%d nested stacks, want %d", got, c.stacks)
			}
			root := parsed(t, made.Files[0].Body)
			total, types := 0, map[string]int{}
			keys := map[string]bool{}
			for _, f := range made.Files {
				w := parsed(t, f.Body)
				w.check(t, f.Name)
				if len(w.Resources) > 500 || len(f.Body) > 1<<20 || len(w.Parameters) > 200 {
					t.Errorf("%s has %d resources, %d parameters and %d bytes", f.Name, len(w.Resources), len(w.Parameters), len(f.Body))
				}
				for _, r := range w.Resources {
					types[r.Type]++
				}
				if f.Key != "" {
					total += len(w.Resources)
					keys[f.Key] = true
					stack, given := strings.ToUpper(f.Name[:1])+strings.TrimSuffix(f.Name[1:], ".json"), []string{}
					for name := range root.Resources[stack].Properties["Parameters"].(map[string]any) {
						given = append(given, name)
					}
					slices.Sort(given)
					if want := slices.Sorted(maps.Keys(w.Parameters)); !slices.Equal(given, want) {
						t.Errorf("%s is given %v and takes %v", f.Name, given, want)
					}
				}
			}
			if total > 2500 {
				t.Errorf("nested stacks change %d resources in one operation", total)
			}
			if types["AWS::Lambda::Function"] != c.routes+2 {
				t.Errorf("%d functions", types["AWS::Lambda::Function"])
			}
			if own := types["AWS::IAM::Role"] > c.routes; own != c.ownRoles {
				t.Errorf("%d roles", types["AWS::IAM::Role"])
			}
			if versioned := types["AWS::Lambda::Version"] == c.routes+2; versioned != c.versioned {
				t.Errorf("%d versions", types["AWS::Lambda::Version"])
			}
			for _, p := range made.Functions {
				if route := strings.HasPrefix(p.Name, "route"); route && (p.Stack != "") != (c.stacks > 0) || route && (p.Version != "") != c.versioned {
					t.Fatalf("%+v", p)
				}
			}
		})
	}
	if _, err := template.NewCloudFormation(many(2500)); err == nil || !strings.Contains(err.Error(), "grouping") {
		t.Errorf("2,500 routes: %v", err)
	}
}

// many makes a deployment of that many routes.
func many(routes int) template.Options {
	d := &manifest.Deployment{Schema: manifest.DeploymentSchema, ID: "d"}
	for i := range routes {
		name := fmt.Sprintf("route-%04d-of-a-shop-with-many-pages", i)
		d.Functions = append(d.Functions, manifest.Function{
			Name: name, Kind: manifest.RouteFunction, MaxDuration: 300, Memory: 1024, Architecture: manifest.ARM64, Regions: []string{"us-east-1"},
			Entries: []manifest.Entry{{File: "x.js", Type: "APP_PAGE", Page: "/" + name, Pathname: "/" + name}},
		})
	}
	for _, kind := range []manifest.FunctionKind{manifest.GatewayFunction, manifest.WorkerFunction} {
		d.Functions = append(d.Functions, manifest.Function{
			Name: string(kind), Kind: kind, MaxDuration: 300, Memory: 1024, Architecture: manifest.ARM64, Regions: []string{"us-east-1"},
		})
	}
	bundled(d)
	return template.Options{Deployment: d, Name: "many", Stage: "production", Layers: layers(), DeploymentLayer: sum("deployment")}
}
