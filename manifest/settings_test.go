package manifest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"pack/manifest"
)

// packCases are read by pack and by the schema, which must agree; words are of
// the mistake, none for a good file. onlyPack marks what a schema cannot say.
var packCases = []struct {
	name, file string
	words      []string
	onlyPack   bool
}{
	{"empty", `{}`, nil, false},
	{"everything", `{"$schema":"./x.json","regions":["fra1","us-east-1"],"memory":512,"maxDuration":60,"architecture":"x86_64",
		"grouping":"auto","environment":{"AB":"1"},"gateway":{"memory":1769},
		"functions":{"/products/[slug]":{"maxDuration":5,"memory":128,"regions":["auto"],"architecture":"arm64","environment":{"AB":"2"}},"/api/**":{}}}`, nil, false},
	{"unknown key", `{"memroy":1024}`, []string{"pack.json: memroy", "no such key", "memory"}, false},
	{"unknown key inside", `{"functions":{"/a":{"timeout":5}}}`, []string{`functions["/a"].timeout`, "maxDuration"}, false},
	{"text for a number", `{"memory":"1024"}`, []string{"pack.json: memory", "whole number", `"1024"`}, false},
	{"fraction", `{"functions":{"/a":{"maxDuration":1.5}}}`, []string{`functions["/a"].maxDuration`, "1.5"}, false},
	{"zero", `{"maxDuration":0}`, []string{"maxDuration", "is 0"}, false},
	{"null", `{"memory":null}`, []string{"memory", "null"}, false},
	{"no regions", `{"regions":[]}`, []string{"regions", "empty"}, false},
	{"choice", `{"grouping":"none"}`, []string{"grouping", "route, auto", `"none"`}, false},
	{"architecture", `{"architecture":"x64"}`, []string{"architecture", "arm64, x86_64"}, false},
	{"relative route", `{"functions":{"api":{}}}`, []string{`functions["api"]`, `"/api"`}, false},
	{"number in environment", `{"environment":{"AB":1}}`, []string{"environment.AB", "a string"}, false},
	{"list for an object", `{"gateway":[]}`, []string{"gateway", "an object"}, false},
	{"list at the top", `[]`, []string{"pack.json", "an object"}, false},
	{"twice", `{"memory":512,"memory":513}`, []string{`"memory" is there twice`}, true},
	{"not JSON", "{\n  \"memory\": 1,\n}", []string{"line 3"}, true},
	{"half", `{"memory":`, []string{"it ends in the middle"}, true},
	{"after it", `{} {}`, []string{"after the closing brace"}, true},
}

func TestPackJSON(t *testing.T) {
	for _, c := range packCases {
		t.Run(c.name, func(t *testing.T) {
			_, err := manifest.ParsePackJSON([]byte(c.file), "pack.json")
			if c.words == nil {
				must(t, err)
				return
			}
			userError(t, err, c.words...)
		})
	}
}

// TestPackSchema holds the editors' schema against the decoder.
func TestPackSchema(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(manifest.PackSchema))
	must(t, err)
	compiler := jsonschema.NewCompiler()
	must(t, compiler.AddResource("pack.schema.json", document))
	schema, err := compiler.Compile("pack.schema.json")
	must(t, err)
	for _, c := range packCases {
		if c.onlyPack {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(c.file))
			must(t, err)
			if err := schema.Validate(v); (err == nil) != (c.words == nil) {
				t.Errorf("the schema says %v", err)
			}
		})
	}
	// Every field of the Go type is in the schema.
	whole, err := json.Marshal(manifest.PackSettings{
		Schema: "x", Regions: []string{"x"}, Memory: 128, MaxDuration: 1, Architecture: "arm64", Grouping: "auto",
		Environment: map[string]string{"AB": ""}, Gateway: manifest.GatewaySettings{Memory: 128},
		Functions: map[string]manifest.FunctionSettings{"/x": {MaxDuration: 1, Memory: 128, Regions: []string{"x"}, Architecture: "arm64", Environment: map[string]string{"AB": ""}}},
	})
	must(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(whole))
	must(t, err)
	if err := schema.Validate(v); err != nil {
		t.Error(err)
	}
	if _, err := manifest.ParsePackJSON(whole, "pack.json"); err != nil {
		t.Error(err)
	}
}

func TestVercelJSON(t *testing.T) {
	got, err := manifest.ParseVercelJSON([]byte(`{"buildCommand":"x","crons":[{}],"regions":["iad1"],
		"functions":{"z/*.ts":{"memory":512,"runtime":"x"},"a/*.ts":{"maxDuration":"max"},"b":{"maxDuration":20}}}`), "vercel.json")
	must(t, err)
	want := manifest.VercelSettings{Regions: []string{"iad1"}, Functions: []manifest.VercelFunction{
		{Glob: "z/*.ts", Memory: 512}, {Glob: "a/*.ts", MaxDuration: 900}, {Glob: "b", MaxDuration: 20},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for file, word := range map[string]string{
		`{"regions":"iad1"}`:                     "regions",
		`{"functions":{"a":{"memory":"big"}}}`:   `functions["a"].memory`,
		`{"functions":{"a":{"maxDuration":-1}}}`: `functions["a"].maxDuration`,
		`{"functions":{"a[":{}}}`:                "glob",
		`{`:                                      "middle",
	} {
		_, err := manifest.ParseVercelJSON([]byte(file), "vercel.json")
		userError(t, err, "vercel.json", word)
	}
}

func TestVercelGlobs(t *testing.T) {
	for _, c := range []struct {
		glob, source string
		want         bool
	}{
		{"app/api/**/*.ts", "app/api/hi/route.ts", true},
		{"app/api/**/*.ts", "app/api/route.ts", true},
		{"app/api/**/*.ts", "app/api/hi/route.js", false},
		{"app/api/**/*", "app/api/hi/route.ts", true},
		{"app/api/*", "app/api/hi/route.ts", false},
		{"pages/api/*.ts", "pages/api/x.ts", true},
		{"pages/api/*.ts", "src/pages/api/x.ts", false},
		{"src/app/**", "src/app/page.tsx", true},
		{"app/blog/[slug]/page.tsx", "app/blog/[slug]/page.tsx", true},
		{"app/blog/[slug]/*.tsx", "app/blog/[slug]/page.tsx", true},
		{"app/blog/[...all]/**", "app/blog/[...all]/page.tsx", true},
		{"app/(shop)/**", "app/(shop)/page.tsx", true},
		{"app/{a,b}/page.tsx", "app/b/page.tsx", true},
		{"pages/[ab].ts", "pages/a.ts", true},
		{"./app/page.tsx", "app/page.tsx", true},
		{"**", "", false},
	} {
		if got := manifest.Matches(c.glob, c.source); got != c.want {
			t.Errorf("%s on %s: %t", c.glob, c.source, got)
		}
	}
}

func TestLoadSettings(t *testing.T) {
	got, err := manifest.LoadSettings(writeFiles(t, nil))
	must(t, err)
	if diff := cmp.Diff(manifest.Settings{}, got); diff != "" {
		t.Error(diff)
	}
	got, err = manifest.LoadSettings(writeFiles(t, map[string]string{"pack.json": `{"memory":512}`, "vercel.json": `{"regions":["iad1"]}`}))
	must(t, err)
	want := manifest.Settings{Pack: manifest.PackSettings{Memory: 512}, Vercel: manifest.VercelSettings{Regions: []string{"iad1"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, err = manifest.LoadSettings(writeFiles(t, map[string]string{"pack.json": `{"x":1}`}))
	userError(t, err, "pack.json: x")
}

func TestRegions(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"iad1", "us-east-1"}, {"fra1 eu-central-1 dub1", "eu-central-1 eu-west-1"}, {"auto", "us-east-1"},
		{"global", "us-east-1"}, {"home fra1", "us-east-1 eu-central-1"}, {"yul1", "ca-central-1"},
	} {
		got, err := manifest.Resolve(strings.Fields(c.names)...)
		must(t, err)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v", c.names, got)
		}
	}
	_, err := manifest.Resolve("fra1", "eu-centrl-1")
	userError(t, err, `"eu-centrl-1"`, "route /x", "eu-central-1")
	for name, want := range map[string]string{"IAD1": "iad1", "fra": "fra1", "us-east-3": "us-east-1", "nowhere-at-all": ""} {
		near := manifest.NearRegions(name)
		if want == "" && len(near) > 0 || want != "" && (len(near) == 0 || near[0] != want) {
			t.Errorf("near %s: %v", name, near)
		}
	}
}
