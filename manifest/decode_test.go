package manifest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pack/manifest"
)

// change decodes a recorded build, lets f change the JSON, and encodes it.
func change(t *testing.T, name string, f func(map[string]any)) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "builds", name+".json"))
	must(t, err)
	var v map[string]any
	must(t, json.Unmarshal(data, &v))
	f(v)
	data, err = json.Marshal(v)
	must(t, err)
	return data
}

func first(v map[string]any, list string) map[string]any {
	return v["outputs"].(map[string]any)[list].([]any)[0].(map[string]any)
}

func TestDecode(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(map[string]any)
		want string // of the error; empty for none
	}{
		{"unknown fields", func(v map[string]any) { v["new"] = 1; first(v, "pages")["new"] = 2 }, ""},
		{"other schema", func(v map[string]any) { v["schema"] = 2 }, "$.schema is 2"},
		{"no build id", func(v map[string]any) { delete(v, "buildId") }, "$.buildId is missing"},
		{"no id", func(v map[string]any) { delete(first(v, "appPages"), "id") }, "$.outputs.appPages[0].id is missing"},
		{"no file path", func(v map[string]any) { delete(first(v, "pages"), "filePath") }, "$.outputs.pages[0].filePath is missing"},
		{"other type", func(v map[string]any) { first(v, "pages")["type"] = "X" }, `$.outputs.pages[0].type is "X"`},
		{"number for text", func(v map[string]any) { v["buildId"] = 5 }, "$.buildId: number where string is due"},
		{"no such file", func(v map[string]any) { first(v, "pages")["files"] = []int{99999} }, "$.outputs.pages[0].files[0] is 99999"},
		{"file outside", func(v map[string]any) { v["files"].([]any)[0].(map[string]any)["name"] = "../x" }, `$.files[0].name is "../x"`},
		{"no pattern", func(v map[string]any) {
			delete(v["routing"].(map[string]any)["dynamicRoutes"].([]any)[0].(map[string]any), "sourceRegex")
		}, "$.routing.dynamicRoutes[0].sourceRegex is missing"},
		{"no group", func(v map[string]any) { delete(first(v, "prerenders"), "groupId") }, "$.outputs.prerenders[0].groupId is missing"},
		{"relative address", func(v map[string]any) { first(v, "staticFiles")["pathname"] = "x" }, "$.outputs.staticFiles[0].pathname"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := manifest.Decode(change(t, "shop", c.f))
			switch {
			case c.want == "" && err != nil:
				t.Error(err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
}

func TestLoadUnfinished(t *testing.T) {
	path := filepath.Join(t.TempDir(), "build.json")
	must(t, os.WriteFile(path, change(t, "shop", func(v map[string]any) { delete(v, "measured") }), 0o644))
	if _, err := manifest.Load(path); err == nil || !strings.Contains(err.Error(), "$.measured") {
		t.Errorf("got %v", err)
	}
}

// smallBuild has a little of everything: the fuzzer is slow on large inputs.
var smallBuild = []byte(`{"schema":1,"buildId":"b","nextVersion":"16.4.6","projectDir":"/r","repoRoot":"/r","distDir":"/r/.next",
"config":{"basePath":"/base","i18n":{"locales":["en","de"],"defaultLocale":"en"},"images":{"loader":"default"}},
"routing":{"dynamicRoutes":[{"source":"/x/[id]","sourceRegex":"^/x","has":[{"type":"cookie","key":"__prerender_bypass"}]}],
"rsc":{"suffix":".rsc","prefetchSegmentSuffix":".segment.rsc","prefetchSegmentDirSuffix":".segments"}},
"outputs":{"pages":[{"type":"PAGES","id":"/index","filePath":"/r/.next/i.js","pathname":"/base/index","sourcePage":"index","runtime":"nodejs","config":{},"files":[0]}],
"appPages":[{"type":"APP_PAGE","id":"/x/[id]","filePath":"/r/.next/x.js","pathname":"/base/x/[id]","sourcePage":"/x/[id]/page","runtime":"nodejs",
"config":{"maxDuration":30,"preferredRegion":["fra1"]},"files":[0,1]}],
"prerenders":[{"id":"/x/1","pathname":"/base/x/1","parentOutputId":"/x/[id]","groupId":1,"route":"/x/[id]","parentFallbackMode":false,
"fallback":{"filePath":"/s","initialStatus":200,"initialHeaders":{"a":["b"],"x-next-cache-tags":"t,u"},"initialRevalidate":false,"initialExpiration":5},"config":{"allowQuery":[]}},
{"id":"/x/1.rsc","pathname":"/base/x/1.rsc","parentOutputId":"/x/[id]","groupId":1,"route":"/x/[id]","config":{}},
{"id":"/x/[id]","pathname":"/base/x/[id]","parentOutputId":"/x/[id]","groupId":2,"route":"/x/[id]","config":{"renderingMode":"PARTIALLY_STATIC"}}],
"staticFiles":[{"id":"/404","pathname":"/base/404","filePath":"/s"}]},
"files":[{"name":"a","source":"/r/a","hash":"1","mode":420,"size":3},{"name":"b.node","source":"/r/b","hash":"2","mode":134218239,"link":"a","binary":{"format":"elf","machine":"x86_64"}}],
"static":{"/s":{"size":1,"digest":"4444444444444444444444444444444444444444444444444444444444444444","modified":9}},"public":[{"pathname":"/p.txt","source":"/s"}],"measured":true}`)

// FuzzDecodeBuild: whatever is decoded can be planned or is refused, and a
// plan is a valid deployment.
func FuzzDecodeBuild(f *testing.F) {
	f.Add(smallBuild)
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := manifest.Decode(data)
		if err != nil {
			return
		}
		p, err := manifest.NewPlan(b, manifest.Settings{})
		if err != nil {
			return
		}
		document, err := manifest.Encode(p.Deployment)
		must(t, err)
		if _, err := manifest.DecodeDeployment(document); err != nil {
			t.Errorf("%v\n%s", err, document)
		}
	})
}
