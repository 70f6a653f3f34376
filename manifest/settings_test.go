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
	{"AWS, CDN, domains and secrets", `{"aws":{"name":"shop","logRetention":90,"alarmTopic":"arn:aws:sns:eu-central-1:123456789012:alarms"},
		"cdn":{"certificate":"arn:aws:acm:us-east-1:123456789012:certificate/0a1b","hostedZone":"Z0123456789ABC","webAcl":"arn:aws:wafv2:us-east-1:123456789012:global/webacl/shop/0a1b"},
		"domains":["shop.example.com","*.shop.example.com"],"secrets":{"DATABASE_URL":{"parameter":"/shop/{stage}/db"},"KEY":{"secret":"shop/key"}}}`, nil, false},
	{"no CDN", `{"cdn":"none"}`, nil, false},
	{"another CDN", `{"cdn":"fastly"}`, []string{"pack.json: cdn", "cloudfront, none", `"fastly"`}, false},
	{"app's name", `{"aws":{"name":"My_Shop"}}`, []string{"aws.name", "small letters", "My_Shop"}, false},
	{"log retention", `{"aws":{"logRetention":10}}`, []string{"aws.logRetention", "10 days", "14"}, false},
	{"alarm topic", `{"aws":{"alarmTopic":"ops@example.com"}}`, []string{"aws.alarmTopic", "SNS topic"}, false},
	{"certificate elsewhere", `{"domains":["a.example.com"],"cdn":{"certificate":"arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"}}`, []string{"cdn.certificate", "us-east-1"}, false},
	{"address for a domain", `{"domains":["https://shop.example.com"]}`, []string{"domains[0]", "no domain name"}, false},
	{"domains without a CDN", `{"cdn":"none","domains":["shop.example.com"]}`, []string{"domains need a CDN", "function URL"}, true},
	{"zone without domains", `{"cdn":{"hostedZone":"Z0123456789ABC"}}`, []string{"pack.json: cdn", "no domains"}, true},
	{"secret in two places", `{"secrets":{"KEY":{"parameter":"/a","secret":"b"}}}`, []string{"secrets.KEY", "not both"}, false},
	{"secret nowhere", `{"secrets":{"KEY":{}}}`, []string{"secrets.KEY", "parameter or a secret"}, false},
	{"secret of pack's", `{"secrets":{"PACK_KEY":{"secret":"b"}}}`, []string{"secrets.PACK_KEY", "cannot be a variable"}, true},
	{"secret and variable", `{"environment":{"KEY":"1"},"secrets":{"KEY":{"secret":"b"}}}`, []string{"secrets.KEY", "a variable and a secret"}, true},
	{"webhook", hook(`"sender":"sanity","secrets":[{"env":"SECRET_A"},{"env":"SECRET_B"}],"events":["update"],"filter":"_type == 'product'",
		"tags":["product:{slug.current}"],"paths":["/products/{slug.current || '{'}"],"mode":"stale","window":60,"maxBody":1000`), nil, false},
	{"webhook of another's", hook(`"sender":"hmac","secrets":[{"env":"SECRET_A"}],"delivery":"{@headers.\"x-id\"}","tags":["all"],
		"signature":{"header":"x-signature","prefix":"v0=","algorithm":"sha512","encoding":"base64","timestamp":"x-time","separator":":"}`), nil, false},
	{"webhook with a token", hook(`"sender":"token","secrets":[{"env":"SECRET_A"}],"tags":["all"],"token":{"header":"x-secret","prefix":"Bearer "}`), nil, false},
	{"webhook with basic authentication", hook(`"sender":"datocms","secrets":[{"env":"SECRET_A"}],"tags":["all"],"token":{"basic":true}`), nil, false},
	{"webhook name", `{"webhooks":{"a/b":{"sender":"github","secrets":[{"env":"AB"}],"tags":["x"]}}}`, []string{`webhooks["a/b"]`, "address"}, false},
	{"webhook sender", hook(`"sender":"stripe","secrets":[{"env":"AB"}],"tags":["x"]`), []string{`webhooks["cms"].sender`, "storyblok", `"stripe"`}, false},
	{"webhook without a sender", hook(`"secrets":[{"env":"AB"}],"tags":["x"]`), []string{`webhooks["cms"]`, "sender is missing"}, false},
	{"webhook without secrets", hook(`"sender":"github","tags":["x"]`), []string{`webhooks["cms"]`, "anybody could send"}, false},
	{"webhook with its secret in the file", hook(`"sender":"github","secrets":[{"env":"p4$$word"}],"tags":["x"]`), []string{`webhooks["cms"].secrets[0].env`, "does not belong"}, false},
	{"webhook with a value", hook(`"sender":"github","secrets":[{"value":"s"}],"tags":["x"]`), []string{`webhooks["cms"].secrets[0].value`, "no such key"}, false},
	{"webhook that does nothing", hook(`"sender":"github","secrets":[{"env":"AB"}]`), []string{`webhooks["cms"]`, "refreshes nothing"}, false},
	{"webhook without a header", hook(`"sender":"hmac","secrets":[{"env":"AB"}],"tags":["x"]`), []string{`webhooks["cms"].signature`, "header"}, true},
	{"webhook with a signature that is not asked", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x"],"signature":{"header":"x"}`), []string{`webhooks["cms"].signature`, "its own way"}, true},
	{"webhook with a token that is not asked", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x"],"token":{"header":"x"}`), []string{`webhooks["cms"].token`, "its own way"}, true},
	{"webhook without a place for its token", hook(`"sender":"wordpress","secrets":[{"env":"AB"}],"tags":["x"]`), []string{`webhooks["cms"].token`, "where the secret is"}, true},
	{"webhook with two places", hook(`"sender":"strapi","secrets":[{"env":"AB"}],"tags":["x"],"token":{"header":"x","query":"y"}`), []string{`webhooks["cms"].token`, "exactly one place"}, false},
	{"webhook header", hook(`"sender":"strapi","secrets":[{"env":"AB"}],"tags":["x"],"token":{"header":"x y"}`), []string{`webhooks["cms"].token.header`, "name of a header"}, false},
	{"webhook window", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x"],"window":90000`), []string{`webhooks["cms"].window`, "86400"}, false},
	{"webhook body", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x"],"maxBody":9000000`), []string{`webhooks["cms"].maxBody`, "6291456"}, false},
	{"webhook tag", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x","p:{slug..}"]`), []string{`webhooks["cms"].tags[1]`, "{slug..}", "character"}, true},
	{"webhook brace", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["p:{slug"]`), []string{`webhooks["cms"].tags[0]`, "character 3", "never closed"}, true},
	{"webhook path", hook(`"sender":"github","secrets":[{"env":"AB"}],"paths":["products/{slug}"]`), []string{`webhooks["cms"].paths[0]`, `"/products/{slug}"`}, true},
	{"webhook function", hook(`"sender":"github","secrets":[{"env":"AB"}],"paths":["/{slugify(slug)}"]`), []string{`webhooks["cms"].paths[0]`, "no function slugify"}, true},
	{"webhook reference", hook(`"sender":"github","secrets":[{"env":"AB"}],"paths":["/{@header.x}"]`), []string{`webhooks["cms"].paths[0]`, "no @header", "@headers"}, true},
	{"webhook filter", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x"],"filter":"a ="`), []string{`webhooks["cms"].filter`, "a ="}, true},
	{"webhook delivery", hook(`"sender":"github","secrets":[{"env":"AB"}],"tags":["x"],"delivery":"{}"`), []string{`webhooks["cms"].delivery`, "empty"}, true},
	{"jobs", `{"jobs":{"/api/export":{},"/api/jobs/**":{"retries":0,"maxAge":60,"backoff":1}}}`, nil, false},
	{"job without a slash", `{"jobs":{"api":{}}}`, []string{`jobs["api"]`, `write "/api"`}, false},
	{"job retries", `{"jobs":{"/x":{"retries":-1}}}`, []string{"jobs[\"/x\"].retries", "0 to 100"}, false},
	{"job age", `{"jobs":{"/x":{"maxAge":0}}}`, []string{"maxAge", "1 to 1209600"}, false},
	{"job key", `{"jobs":{"/x":{"retry":1}}}`, []string{"no such key", "backoff, maxAge, retries"}, false},
	{"crons", `{"crons":[{"path":"/x?y=1","schedule":"*/5 * * * *","retries":2}]}`, nil, false},
	{"cron without a schedule", `{"crons":[{"path":"/x"}]}`, []string{"crons[0]", "schedule"}, false},
	{"cron key", `{"crons":[{"path":"/x","schedule":"* * * * *","timezone":"CET"}]}`, []string{"crons[0].timezone"}, false},
	{"crons no list", `{"crons":{}}`, []string{"crons", "a list"}, false},
	{"twice", `{"memory":512,"memory":513}`, []string{`"memory" is there twice`}, true},
	{"not JSON", "{\n  \"memory\": 1,\n}", []string{"line 3"}, true},
	{"half", `{"memory":`, []string{"it ends in the middle"}, true},
	{"after it", `{} {}`, []string{"after the closing brace"}, true},
}

// hook is a pack.json with one webhook.
func hook(members string) string { return `{"webhooks":{"cms":{` + members + `}}}` }

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
	one := 1
	job := manifest.JobSettings{Retries: &one, MaxAge: &one, Backoff: &one}
	whole, err := json.Marshal(manifest.PackSettings{
		Jobs: map[string]manifest.JobSettings{"/x": job}, Crons: []manifest.CronSettings{{Path: "/x", Schedule: "* * * * *", JobSettings: job}},
		Schema: "x", Regions: []string{"x"}, Memory: 128, MaxDuration: 1, Architecture: "arm64", Grouping: "auto",
		Environment: map[string]string{"AB": ""}, Gateway: manifest.GatewaySettings{Memory: 128},
		Webhooks: map[string]manifest.Webhook{"a": {
			Sender: manifest.HMAC, Secrets: []manifest.Secret{{Env: "AB"}}, Events: []string{"x"}, Filter: "a", Tags: []string{"x"}, Paths: []string{"/x"},
			Signature: &manifest.SignatureSettings{Header: "a", Prefix: "b", Algorithm: "sha1", Encoding: "base64url", Timestamp: "c", Separator: "."},
			Delivery:  "{a}", Mode: manifest.StaleEntries, Window: 1, MaxBody: 1,
		}, "b": {
			Sender: manifest.Token, Secrets: []manifest.Secret{{Env: "AB"}}, Tags: []string{"x"}, Token: &manifest.TokenSettings{Header: "a", Prefix: "b"},
		}},
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
	got, err := manifest.ParseVercelJSON([]byte(`{"buildCommand":"x","crons":[{"path":"/api/cron","schedule":"0 5 * * *","x":1}],"regions":["iad1"],
		"functions":{"z/*.ts":{"memory":512,"runtime":"x"},"a/*.ts":{"maxDuration":"max"},"b":{"maxDuration":20}}}`), "vercel.json")
	must(t, err)
	want := manifest.VercelSettings{Regions: []string{"iad1"}, Crons: []manifest.CronSettings{{Path: "/api/cron", Schedule: "0 5 * * *"}}, Functions: []manifest.VercelFunction{
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
