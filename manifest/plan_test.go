package manifest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest"
)

// planned is what a golden file of a plan holds.
type planned struct {
	Deployment *manifest.Deployment `json:"deployment"`
	// Files are the names in each archive.
	Files    map[string][]string `json:"files"`
	Assets   map[string]string   `json:"assetSources"`
	Seeds    map[string]string   `json:"seedSources"`
	Warnings []string            `json:"warnings"`
}

func plan(t *testing.T, build string, s manifest.Settings) *manifest.Plan {
	t.Helper()
	p, err := manifest.NewPlan(recorded(t, build), s)
	must(t, err)
	return p
}

func function(t *testing.T, p *manifest.Plan, name string) manifest.Function {
	t.Helper()
	for _, f := range p.Deployment.Functions {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no function %s", name)
	return manifest.Function{}
}

func names(p *manifest.Plan) (names []string) {
	for _, f := range p.Deployment.Functions {
		names = append(names, f.Name)
	}
	return names
}

func page(t *testing.T, p *manifest.Plan, pathname string) manifest.Page {
	t.Helper()
	for _, page := range p.Deployment.Pages {
		if page.Pathname == pathname {
			return page
		}
	}
	t.Fatalf("there is no page %s", pathname)
	return manifest.Page{}
}

// TestPlans compares whole plans with testdata/plans.
func TestPlans(t *testing.T) {
	cases := []struct {
		name, build string
		settings    manifest.Settings
	}{
		{"shop", "shop", manifest.Settings{}},
		{"shop-auto", "shop", manifest.Settings{Pack: manifest.PackSettings{Grouping: manifest.GroupAuto}}},
		{"monorepo", "monorepo", manifest.Settings{DefaultRegion: "eu-central-1"}},
		{"partial", "partial", manifest.Settings{}},
		{"export", "export", manifest.Settings{}},
	}
	known := map[string]bool{}
	for _, c := range cases {
		known[c.name+".json"] = true
		t.Run(c.name, func(t *testing.T) {
			p := plan(t, c.build, c.settings)
			got := planned{Deployment: p.Deployment, Files: map[string][]string{}, Assets: p.AssetSources, Seeds: p.SeedSources, Warnings: p.Warnings}
			for name, files := range p.Files {
				for _, f := range files {
					line := f.Name
					if f.Link != "" {
						line += " -> " + f.Link
					}
					got.Files[name] = append(got.Files[name], line)
				}
			}
			var b bytes.Buffer
			e := json.NewEncoder(&b)
			e.SetEscapeHTML(false)
			e.SetIndent("", " ")
			must(t, e.Encode(got))
			golden(t, "plans/"+c.name+".json", b.Bytes())

			document, err := manifest.Encode(p.Deployment)
			must(t, err)
			decoded, err := manifest.DecodeDeployment(document)
			must(t, err)
			if again, _ := manifest.Encode(decoded); !bytes.Equal(document, again) {
				t.Error("a decoded deployment encodes differently")
			}
		})
	}
	entries, err := os.ReadDir(filepath.Join("testdata", "plans"))
	must(t, err)
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("testdata/plans/%s belongs to no test", e.Name())
		}
	}
}

// The same input gives the same bytes, and what is served gives the ID.
func TestPlanIsPure(t *testing.T) {
	document := func(f func(*manifest.Build)) (string, []byte) {
		b := recorded(t, "shop")
		f(b)
		p, err := manifest.NewPlan(b, manifest.Settings{})
		must(t, err)
		data, err := manifest.Encode(p.Deployment)
		must(t, err)
		return p.Deployment.ID, data
	}
	id, data := document(func(*manifest.Build) {})
	for range 20 {
		if _, again := document(func(*manifest.Build) {}); !bytes.Equal(data, again) {
			t.Fatal("two plans of one build differ")
		}
	}
	if other, _ := document(func(b *manifest.Build) { b.Files[0].Hash = "other" }); other == id {
		t.Error("a file of a function changed, and the ID did not")
	}
	if other, _ := document(func(b *manifest.Build) { b.Outputs.Prerenders[0].Fallback.InitialStatus = 201 }); other == id {
		t.Error("a page changed, and the ID did not")
	}
}

func TestSettingsOrder(t *testing.T) {
	pack := func(s string) manifest.PackSettings {
		t.Helper()
		p, err := manifest.ParsePackJSON([]byte(s), "pack.json")
		must(t, err)
		return p
	}
	vercel := func(s string) manifest.VercelSettings {
		t.Helper()
		v, err := manifest.ParseVercelJSON([]byte(s), "vercel.json")
		must(t, err)
		return v
	}
	// products-slug has its own maxDuration 30 and preferredRegion fra1, dub1;
	// basket maxDuration 45; ssr nothing.
	type result struct {
		Duration, Memory int
		Regions          []string
	}
	for _, c := range []struct {
		name, function string
		settings       manifest.Settings
		want           result
	}{
		{"defaults", "ssr", manifest.Settings{}, result{300, 1024, []string{"us-east-1"}}},
		{"default region", "ssr", manifest.Settings{DefaultRegion: "eu-west-3"}, result{300, 1024, []string{"eu-west-3"}}},
		{"the route's own", "products-slug", manifest.Settings{}, result{30, 1024, []string{"eu-central-1", "eu-west-1"}}},
		{
			"own before general", "products-slug", manifest.Settings{Pack: pack(`{"maxDuration":99,"memory":512,"regions":["pdx1"]}`)},
			result{30, 512, []string{"eu-central-1", "eu-west-1"}},
		},
		{
			"own before vercel.json", "products-slug", manifest.Settings{Vercel: vercel(`{"regions":["lhr1"],"functions":{"app/**/*":{"maxDuration":9,"memory":3009}}}`)},
			result{30, 3009, []string{"eu-central-1", "eu-west-1"}},
		},
		{
			"pack.json's route before own", "products-slug", manifest.Settings{Pack: pack(`{"functions":{"/products/[slug]":{"maxDuration":7,"memory":256,"regions":["syd1"]}}}`)},
			result{7, 256, []string{"ap-southeast-2"}},
		},
		{
			"the route before the glob", "products-slug", manifest.Settings{Pack: pack(`{"functions":{"/products/[slug]":{"maxDuration":7},"/products/**":{"maxDuration":8,"memory":300},"/**":{"memory":400,"regions":["auto"]}}}`)},
			result{7, 300, []string{"us-east-1"}},
		},
		{
			"vercel.json before pack.json's general", "ssr", manifest.Settings{Pack: pack(`{"maxDuration":99,"memory":512}`), Vercel: vercel(`{"functions":{"pages/*.js":{"maxDuration":9}}}`)},
			result{9, 512, []string{"us-east-1"}},
		},
		{
			"pack.json's regions before vercel.json's", "ssr", manifest.Settings{Pack: pack(`{"regions":["iad1","eu-north-1"]}`), Vercel: vercel(`{"regions":["lhr1"]}`)},
			result{300, 1024, []string{"us-east-1", "eu-north-1"}},
		},
		{"vercel.json's regions", "ssr", manifest.Settings{Vercel: vercel(`{"regions":["lhr1"]}`)}, result{300, 1024, []string{"eu-west-2"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := function(t, plan(t, "shop", c.settings), c.function)
			if diff := cmp.Diff(c.want, result{f.MaxDuration, f.Memory, f.Regions}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	seconds := func(n float64) *float64 { return &n }
	output := func(b *manifest.Build, id string) *manifest.RouteOutput {
		for _, list := range [][]manifest.RouteOutput{b.Outputs.AppPages, b.Outputs.AppRoutes, b.Outputs.Pages, b.Outputs.PagesAPI} {
			for i := range list {
				if list[i].ID == id {
					return &list[i]
				}
			}
		}
		t.Fatalf("no output %s", id)
		return nil
	}
	heavy := func(b *manifest.Build) {
		o := output(b, "/feed")
		for i := range 12 {
			o.Files = append(o.Files, len(b.Files))
			b.Files = append(b.Files, manifest.SourceFile{
				Name: fmt.Sprintf("node_modules/@scope/heavy-%02d/data.bin", i), Source: "/repo/x", Size: int64(30-i) << 20, Hash: "h", Mode: 0o644,
			})
		}
	}
	for _, c := range []struct {
		name     string
		settings manifest.Settings
		f        func(*manifest.Build)
		words    []string
	}{
		{"duration", manifest.Settings{}, func(b *manifest.Build) { output(b, "/feed").Config.MaxDuration = seconds(901) }, []string{"maxDuration 901", "/feed", "app/feed/route.js", "900"}},
		{"no duration", manifest.Settings{}, func(b *manifest.Build) { output(b, "/feed").Config.MaxDuration = seconds(0) }, []string{"maxDuration 0", "/feed"}},
		{"memory", manifest.Settings{Pack: manifest.PackSettings{Memory: 100}}, nil, []string{"memory 100", "pack.json: memory", "128 to 10240"}},
		{"region", manifest.Settings{}, func(b *manifest.Build) { output(b, "/feed").Config.PreferredRegion = []string{"fra2"} }, []string{`"fra2"`, "/feed", "fra1"}},
		{"general region", manifest.Settings{Pack: manifest.PackSettings{Regions: []string{"us-est-1"}}}, nil, []string{`"us-est-1"`, "pack.json: regions", "us-east-1"}},
		{"reserved variable", manifest.Settings{Pack: manifest.PackSettings{Environment: map[string]string{"AWS_REGION": "x"}}}, nil, []string{"AWS_REGION", "Lambda keeps"}},
		{"bad variable", manifest.Settings{Pack: manifest.PackSettings{Environment: map[string]string{"A-B": "x"}}}, nil, []string{"A-B"}},
		{"large environment", manifest.Settings{Pack: manifest.PackSettings{Environment: map[string]string{"BIG": strings.Repeat("x", 4000)}}}, nil, []string{"4003 bytes", "4096"}},
		{"size", manifest.Settings{}, heavy, []string{"/feed", "294.", "250.0 MB", "30.0 MB  @scope/heavy-00", "heavy-09", "outputFileTracingExcludes"}},
		{"size with layers", manifest.Settings{LayerSize: 251 << 20}, nil, []string{"251."}},
		{"public over page", manifest.Settings{}, func(b *manifest.Build) { b.Public[0].Pathname = "/ssr" }, []string{"public/ssr", "same address"}},
		{"mac binary", manifest.Settings{}, func(b *manifest.Build) {
			native(b, output(b, "/feed"), "bcrypt/build/Release/bcrypt.node", "macho", "arm64")
		}, []string{"bcrypt", "macOS", "/feed", "--os=linux"}},
		{
			"arm64 wanted", manifest.Settings{Pack: manifest.PackSettings{Architecture: manifest.ARM64}},
			func(b *manifest.Build) { native(b, output(b, "/feed"), "x/x.node", "elf", "x86_64") },
			[]string{"x has no binary for arm64", "/feed"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := recorded(t, "shop")
			if c.f != nil {
				c.f(b)
			}
			_, err := manifest.NewPlan(b, c.settings)
			userError(t, err, c.words...)
			if b, ok := strings.CutPrefix(fmt.Sprint(err), "plan deployment: "); !ok || strings.Contains(b, "heavy-10") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// native adds a binary to an output's files.
func native(b *manifest.Build, o *manifest.RouteOutput, name, format, machine string) {
	o.Files = append(o.Files, len(b.Files))
	b.Files = append(b.Files, manifest.SourceFile{
		Name: "node_modules/" + name, Source: "/repo/node_modules/" + name, Hash: name, Mode: 0o644,
		Binary: &manifest.Binary{Format: format, Machine: machine},
	})
}

// TestAddonsForAnotherNode: a package is named once, whoever uses it.
func TestAddonsForAnotherNode(t *testing.T) {
	b := recorded(t, "shop")
	for i := range 2 {
		native(b, &b.Outputs.AppRoutes[i], "sqlite/build/sqlite.node", "elf", "x86_64")
		b.Files[len(b.Files)-1].Binary.NodeModules = 115
		native(b, &b.Outputs.AppRoutes[i], "other/other.node", "elf", "x86_64")
		b.Files[len(b.Files)-1].Binary.NodeModules = manifest.NodeModules
	}
	p, err := manifest.NewPlan(b, manifest.Settings{})
	must(t, err)
	all := strings.Join(p.Warnings, "\n")
	if strings.Count(all, "compiled for") != 1 || !strings.Contains(all, "sqlite was compiled for Node.js 20") {
		t.Errorf("warnings:\n%s", all)
	}
}

func TestGroupingSplitsBySize(t *testing.T) {
	b := recorded(t, "shop")
	for i := range b.Outputs.AppPages {
		o := &b.Outputs.AppPages[i]
		o.Files = append(o.Files, len(b.Files))
		b.Files = append(b.Files, manifest.SourceFile{Name: "big/" + o.SourcePage[1:], Source: "/repo/big", Size: 100 << 20, Hash: o.SourcePage, Mode: fs.FileMode(0o644)})
	}
	p, err := manifest.NewPlan(b, manifest.Settings{Pack: manifest.PackSettings{Grouping: manifest.GroupAuto}})
	must(t, err)
	for name, files := range p.Files {
		size := int64(0)
		for _, f := range files {
			size += f.Size
		}
		if size > 250<<20 {
			t.Errorf("%s has %d bytes", name, size)
		}
	}
	if len(names(p)) >= len(names(plan(t, "shop", manifest.Settings{}))) {
		t.Errorf("nothing was merged: %v", names(p))
	}
	for _, o := range p.Deployment.Outputs {
		f := function(t, p, o.Function)
		if !slices.ContainsFunc(f.Entries, func(e manifest.Entry) bool { return e.Pathname == o.Entry }) {
			t.Errorf("%s: %s has no entry %s", o.Pathname, f.Name, o.Entry)
		}
	}
}

func TestFunctionNames(t *testing.T) {
	b := recorded(t, "shop")
	rename := func(o *manifest.RouteOutput, id string) {
		o.ID, o.Pathname = id, id
	}
	long := "/" + strings.Repeat("very-long/", 8) + "[id]"
	rename(&b.Outputs.PagesAPI[0], "/gateway")
	for i, id := range []string{"/_x", "/a/b", "/a-b"} {
		rename(&b.Outputs.Pages[i], id)
	}
	rename(&b.Outputs.AppRoutes[0], long)
	b.Outputs.AppRoutes[0].FilePath += "x"
	b.Outputs.Prerenders = nil
	p, err := manifest.NewPlan(b, manifest.Settings{})
	must(t, err)
	for _, name := range names(p) {
		if len(name) > 40 {
			t.Errorf("%s is too long", name)
		}
	}
	for _, prefix := range []string{"gateway-", "a-b-", "very-long-very-long"} {
		if !slices.ContainsFunc(names(p), func(n string) bool { return strings.HasPrefix(n, prefix) }) {
			t.Errorf("no name begins with %s: %v", prefix, names(p))
		}
	}
	if slices.Contains(names(p), "a-b") {
		t.Errorf("two routes want a-b, and one has it: %v", names(p))
	}
}

func TestPages(t *testing.T) {
	p := plan(t, "monorepo", manifest.Settings{})
	missing := page(t, p, "/base/de/missing")
	if missing.Seed.Status != 404 || !strings.HasSuffix(missing.Key, "/$/de/missing") || missing.Route != "/missing" {
		t.Errorf("a page that was not found: %+v", missing)
	}
	shell := page(t, p, "/base/en/blog/[slug]")
	if !shell.Template || shell.NotFound || shell.Parts[0].Name != "html" || shell.Parts[0].File == "" {
		t.Errorf("a page with a fallback: %+v", shell)
	}
	p = plan(t, "partial", manifest.Settings{})
	if home := page(t, p, "/"); !home.PartiallyStatic || home.Seed.Postponed == "" || home.Parts[1].File != "" {
		t.Errorf("a partly static page: %+v", home)
	}
	for _, page := range p.Deployment.Pages {
		for _, part := range page.Parts {
			if _, ok := part.Headers["x-next-cache-tags"]; ok {
				t.Errorf("%s shows its tags", part.Pathname)
			}
		}
	}
}

func TestWarnings(t *testing.T) {
	p := plan(t, "partial", manifest.Settings{Pack: manifest.PackSettings{Functions: map[string]manifest.FunctionSettings{"/none": {Memory: 200}}}})
	all := strings.Join(p.Warnings, "\n")
	for _, want := range []string{`functions["/none"] matches no route`, "route /og (app/og/route.js) runs on x86_64: @img/sharp-libvips-linux-x64"} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning says %q:\n%s", want, all)
		}
	}
	if f := function(t, p, "og"); f.Architecture != manifest.X8664 {
		t.Errorf("og runs on %s", f.Architecture)
	}
	if f := function(t, p, "index"); f.Architecture != manifest.ARM64 {
		t.Errorf("index runs on %s", f.Architecture)
	}
}
