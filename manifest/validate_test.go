package manifest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest"
)

func TestDecodeDeployment(t *testing.T) {
	for _, c := range []struct {
		name string
		f    func(*manifest.Deployment)
		want string
	}{
		{"newer", func(d *manifest.Deployment) { d.Schema = 2 }, "schema 2, while this pack reads schema 1: a newer pack wrote it"},
		{"older", func(d *manifest.Deployment) { d.Schema = 0 }, "an older pack wrote it"},
		{"no id", func(d *manifest.Deployment) { d.ID = "" }, "$.id is missing"},
		{"bad name", func(d *manifest.Deployment) { d.Functions[0].Name = "a b" }, `$.functions[0].name is "a b"`},
		{"two of a name", func(d *manifest.Deployment) { d.Functions[1].Name = d.Functions[0].Name }, "which another function has"},
		{"no gateway", func(d *manifest.Deployment) { d.Functions = nil; d.Outputs = nil; d.Pages = nil }, "0 gateways"},
		{"no entry", func(d *manifest.Deployment) { d.Outputs[0].Entry = "/none" }, "$.outputs[0] names the entry"},
		{"no function", func(d *manifest.Deployment) { d.Pages[0].Function = "none" }, `$.pages[0] names the function "none"`},
		{"a way out", func(d *manifest.Deployment) { d.Assets[0].File = "../../etc/passwd" }, "$.assets[0] has the file"},
		{"a seed's way out", func(d *manifest.Deployment) { d.Pages[0].Parts[0].File = "/etc/passwd" }, "$.pages[0].parts[0]"},
		{"relative address", func(d *manifest.Deployment) { d.Assets[0].Pathname = "x" }, "$.assets[0].pathname"},
		{"job", func(d *manifest.Deployment) { d.Jobs = []manifest.JobRoute{{Route: "/none"}} }, `$.jobs[0] names the route "/none"`},
		{"cron", func(d *manifest.Deployment) { d.Crons = []manifest.Cron{{Path: "x", Schedule: "* * * * *"}} }, "$.crons[0]"},
		{"architecture", func(d *manifest.Deployment) { d.Functions[0].Architecture = "x64" }, "$.functions[0].architecture"},
		{"kind", func(d *manifest.Deployment) { d.Functions[0].Kind = "x" }, "$.functions[0].kind"},
		{"memory", func(d *manifest.Deployment) { d.Functions[0].Memory = 1 }, "$.functions[0].memory"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := plan(t, "shop", manifest.Settings{}).Deployment
			c.f(d)
			data, err := manifest.Encode(d)
			must(t, err)
			if _, err := manifest.DecodeDeployment(data); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to say %q", err, c.want)
			}
		})
	}
	// Another schema may well have other types.
	if _, err := manifest.DecodeDeployment([]byte(`{"schema":2,"id":{},"pages":5}`)); err == nil || !strings.Contains(err.Error(), "a newer pack wrote it") {
		t.Errorf("a newer schema of other types: %v", err)
	}
	for _, data := range []string{"", "[]", `{"schema":1,"id":5}`, `{"schema":1,"id":"x"`, `{"schema":"1"}`} {
		if _, err := manifest.DecodeDeployment([]byte(data)); err == nil {
			t.Errorf("%q was decoded", data)
		}
	}
}

// FuzzDecodeDeployment: what decodes encodes to a document that decodes to the
// same; what is read by hand is what encoding/json reads.
func FuzzDecodeDeployment(f *testing.F) {
	b, err := manifest.Decode(smallBuild)
	if err != nil {
		f.Fatal(err)
	}
	p, err := manifest.NewPlan(b, manifest.Settings{})
	if err != nil {
		f.Fatal(err)
	}
	data, err := manifest.Encode(p.Deployment)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	served, err := manifest.EncodeServed(p.Deployment)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(served)
	f.Fuzz(func(t *testing.T, data []byte) {
		if quick, ok := manifest.DecodeQuickly(data); ok {
			var slow manifest.Deployment
			must(t, json.Unmarshal(data, &slow))
			if diff := cmp.Diff(slow, quick); diff != "" {
				t.Error(diff)
			}
		}
		d, err := manifest.DecodeDeployment(data)
		if err != nil {
			return
		}
		again, err := manifest.Encode(d)
		must(t, err)
		e, err := manifest.DecodeDeployment(again)
		must(t, err)
		if third, _ := manifest.Encode(e); !bytes.Equal(again, third) {
			t.Error(cmp.Diff(string(again), string(third)))
		}
	})
}

func TestPagePath(t *testing.T) {
	for pathname, page := range map[string]string{
		"/": "/index", "/index": "/index/index", "/index/x": "/index/index/x", "/x": "/x", "/indexes": "/indexes", "/index/[id]": "/index/[id]",
	} {
		if got := manifest.PagePath(pathname); got != page {
			t.Errorf("page path of %s: %s", pathname, got)
		}
		if got := manifest.FromPagePath(page); got != pathname {
			t.Errorf("pathname of %s: %s", page, got)
		}
	}
	for _, c := range [][3]string{
		{".", "a/b", "a/b"}, {"a", "a/b", "b"}, {"a/b", "c", "../../c"}, {"a/b/c", "a/d", "../../d"}, {"a/b", "a/b", "../b"},
	} {
		if got := manifest.RelativeTo(c[0], c[1]); got != c[2] {
			t.Errorf("from %s to %s: %s", c[0], c[1], got)
		}
	}
}
