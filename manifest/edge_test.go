package manifest_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"pack/manifest"
)

// edgeBuild is a recorded build with a page, its payload and a middleware of
// the edge runtime added.
func edgeBuild(t *testing.T) *manifest.Build {
	t.Helper()
	b := recorded(t, "shop")
	file := len(b.Files)
	b.Files = append(b.Files, manifest.SourceFile{Name: "zz/edge.js", Source: "/repo/zz/edge.js", Hash: "e", Mode: 0o644, Size: 1})
	edge := func(key string) *manifest.EdgeOutput {
		return &manifest.EdgeOutput{
			Scripts: []string{"zz/edge.js"}, EntryKey: key, HandlerExport: "handler",
			Env: map[string]string{"SECRET_KEY": "hush"},
		}
	}
	page := manifest.RouteOutput{
		Type: "APP_PAGE", ID: "app/edge/[id]/page", FilePath: "/repo/zz/edge.js", Pathname: b.Config.BasePath + "/edge/[id]",
		SourcePage: "/edge/[id]/page", Runtime: manifest.EdgeRuntime, Files: []int{file}, Edge: edge("middleware_app/edge/[id]/page"),
	}
	payload := page
	payload.ID, payload.Pathname = page.ID+".rsc", page.Pathname+".rsc"
	b.Outputs.AppPages = append(b.Outputs.AppPages, page, payload)
	b.Outputs.Middleware = &manifest.RouteOutput{
		Type: "MIDDLEWARE", ID: "middleware", FilePath: "/repo/zz/edge.js", Pathname: "/_middleware", SourcePage: "/",
		Runtime: manifest.EdgeRuntime, Files: []int{file}, Edge: edge("middleware_middleware"),
	}
	return b
}

func TestEdgeOutputsBecomeFunctions(t *testing.T) {
	p, err := manifest.NewPlan(edgeBuild(t), manifest.Settings{})
	must(t, err)
	f := function(t, p, "edge-id")
	entry := f.Entries[0]
	if len(f.Entries) != 1 || entry.Runtime != manifest.EdgeRuntime || entry.Pathname != "/edge/[id]" || entry.Type != "APP_PAGE" {
		t.Errorf("entries: %+v", f.Entries)
	}
	var document manifest.EdgeOutput
	i := slices.IndexFunc(p.Files["edge-id"], func(file manifest.File) bool { return file.Name == entry.File })
	if i < 0 {
		t.Fatalf("%s is not in the archive", entry.File)
	}
	must(t, json.Unmarshal(p.Files["edge-id"][i].Content, &document))
	if document.EntryKey != "middleware_app/edge/[id]/page" || document.Env["SECRET_KEY"] != "hush" {
		t.Errorf("document: %+v", document)
	}
	if !slices.ContainsFunc(p.Files["edge-id"], func(file manifest.File) bool { return file.Name == "zz/edge.js" }) {
		t.Error("the script is not in the archive")
	}
	pathnames := 0
	for _, o := range p.Deployment.Outputs {
		if o.Function == "edge-id" && o.Runtime == manifest.EdgeRuntime && o.Entry == "/edge/[id]" {
			pathnames++
		}
	}
	if pathnames != 2 {
		t.Errorf("%d outputs lead to the function, want the page and its payload", pathnames)
	}
	gateway := function(t, p, "gateway")
	if e := gateway.Entries[0]; e.Runtime != manifest.EdgeRuntime || e.Page != "/middleware" || e.Type != "MIDDLEWARE" {
		t.Errorf("gateway's entry: %+v", e)
	}
	text, err := manifest.Encode(p.Deployment)
	must(t, err)
	if bytes.Contains(text, []byte("hush")) {
		t.Error("the deployment document holds the environment of the build")
	}
}

func TestEdgeEnvironmentChangesTheDeployment(t *testing.T) {
	one, err := manifest.NewPlan(edgeBuild(t), manifest.Settings{})
	must(t, err)
	changed := edgeBuild(t)
	changed.Outputs.Middleware.Edge.Env["SECRET_KEY"] = "other"
	other, err := manifest.NewPlan(changed, manifest.Settings{})
	must(t, err)
	if one.Deployment.ID == other.Deployment.ID {
		t.Error("another environment gives the same deployment")
	}
}

func TestDecodeRefusesHalfAnEdgeOutput(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*manifest.RouteOutput)
		want   string
	}{
		"nothing":       {func(o *manifest.RouteOutput) { o.Edge = nil }, "edge is missing"},
		"no script":     {func(o *manifest.RouteOutput) { o.Edge.Scripts = nil }, "edge.scripts is missing"},
		"no key":        {func(o *manifest.RouteOutput) { o.Edge.EntryKey = "" }, "edge.entryKey is missing"},
		"no handler":    {func(o *manifest.RouteOutput) { o.Edge.HandlerExport = "" }, "edge.handlerExport is missing"},
		"foreign asset": {func(o *manifest.RouteOutput) { o.Edge.Assets = map[string]string{"a": "../../etc/passwd"} }, "does not lie in the repository"},
	} {
		b := edgeBuild(t)
		c.change(b.Outputs.Middleware)
		text, err := json.Marshal(b)
		must(t, err)
		if _, err := manifest.Decode(text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
