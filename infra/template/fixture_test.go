package template_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pack/infra/template"
	"pack/manifest"
)

var update = flag.Bool("update", false, "rewrite golden files")

// fixture is a deployment and where it goes.
type fixture struct {
	name    string
	options template.Options
}

// fixtures are what the golden files are of: the real plan of examples/storefront
// and those of package manifest, in the ways that an owner may want them.
func fixtures(t *testing.T) []fixture {
	t.Helper()
	plan := func(name string) *manifest.Deployment {
		return deployment(t, "../../manifest/testdata/plans/"+name+".json")
	}
	all := []fixture{
		{"storefront", template.Options{Deployment: deployment(t, "testdata/storefront.json"), Name: "storefront", Stage: "production"}},
		{"shop-domains", template.Options{
			Deployment: plan("shop"), Name: "shop", Stage: "production", Domains: []string{"shop.example.com", "www.shop.example.com"},
			CDN: manifest.CDNSettings{HostedZone: "Z0123456789ABC", WebACL: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/0a1b2c3d-1234-1234-1234-0a1b2c3d4e5f"},
			AWS: manifest.AWSSettings{LogRetention: 90, AlarmTopic: "arn:aws:sns:us-east-1:123456789012:alarms"},
			Secrets: map[string]manifest.StoredSecret{
				"DATABASE_URL": {Parameter: "/shop/{stage}/database-url"}, "STRIPE_KEY": {Secret: "shop/{stage}/stripe"},
			},
		}},
		{"shop-elsewhere", template.Options{Deployment: plan("shop"), Name: "shop", Stage: "production", Region: "eu-west-1"}},
		{"monorepo-certificate", template.Options{Deployment: plan("monorepo"), Name: "docs", Stage: "staging", Domains: []string{"docs.example.com"}}},
		{"partial-no-cdn", template.Options{Deployment: plan("partial"), Name: "partial", Stage: "production", CDN: manifest.CDNSettings{None: true}}},
		{"export", template.Options{Deployment: plan("export"), Name: "export", Stage: "production"}},
	}
	for i := range all {
		all[i].options.Layers, all[i].options.DeploymentLayer = layers(), sum("deployment")
	}
	return all
}

// layers are those of every function there may be.
func layers() []template.Layer {
	var all []template.Layer
	for _, name := range []string{template.LayerRuntime, template.LayerImages} {
		for _, a := range []manifest.Architecture{manifest.ARM64, manifest.X8664} {
			all = append(all, template.Layer{Name: name, Architecture: a, Digest: sum(name + string(a))})
		}
	}
	return all
}

func sum(text string) string {
	s := sha256.Sum256([]byte(text))
	return hex.EncodeToString(s[:])
}

// deployment reads a deployment, or a golden plan that has one, which is not
// bundled: its archives' digests are then made up.
func deployment(t *testing.T, path string) *manifest.Deployment {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var plan struct{ Deployment *manifest.Deployment }
	if err := json.Unmarshal(text, &plan); err != nil {
		t.Fatal(err)
	}
	d := plan.Deployment
	if d == nil {
		if d, err = manifest.DecodeDeployment(text); err != nil {
			t.Fatal(err)
		}
	}
	bundled(d)
	return d
}

func bundled(d *manifest.Deployment) {
	for i := range d.Functions {
		if f := &d.Functions[i]; f.Archive == nil {
			f.Archive = &manifest.Archive{Digest: sum(f.Name)}
		}
	}
}

// made gives the files of a fixture by name: CloudFormation's and Terraform's.
func made(t *testing.T, o template.Options) (cloudFormation, terraform map[string][]byte) {
	t.Helper()
	c, err := template.NewCloudFormation(o)
	if err != nil {
		t.Fatal(err)
	}
	f, err := template.NewTerraform(o)
	if err != nil {
		t.Fatal(err)
	}
	return byName(c.Files), byName(f.Files)
}

func byName(files []template.File) map[string][]byte {
	all := map[string][]byte{}
	for _, f := range files {
		all[f.Name] = f.Body
	}
	return all
}

func TestGolden(t *testing.T) {
	const root = "testdata/golden"
	known := map[string]bool{}
	for _, f := range fixtures(t) {
		cloudFormation, terraform := made(t, f.options)
		again, _ := made(t, f.options)
		for _, files := range []map[string][]byte{cloudFormation, terraform} {
			for name, body := range files {
				path := filepath.Join(root, f.name, name)
				known[path] = true
				if old, ok := again[name]; ok && !bytes.Equal(old, body) {
					t.Errorf("%s is another one when it is made again", path)
				}
				if *update {
					if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, body, 0o644)); err != nil {
						t.Fatal(err)
					}
				}
				if want, err := os.ReadFile(path); err != nil || !bytes.Equal(want, body) {
					t.Errorf("%s differs from what was made (%v); look at it with -update and git diff", path, err)
				}
			}
		}
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && !known[path] {
			t.Errorf("%s belongs to nothing", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// goldenFiles lists the golden files of a name pattern.
func goldenFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no golden files %s (%v)", pattern, err)
	}
	slices.Sort(files)
	return files
}

// goldens reads the golden files of that name, by their paths in order.
func goldens(t *testing.T, pattern string) iter.Seq2[string, written] {
	t.Helper()
	return func(yield func(string, written) bool) {
		for _, path := range goldenFiles(t, pattern) {
			body, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !yield(path, parsed(t, body)) {
				return
			}
		}
	}
}
