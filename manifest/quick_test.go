package manifest_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/manifest"
)

// TestDecodeQuickly: the documents of all plans are read by hand, and as
// encoding/json reads them.
func TestDecodeQuickly(t *testing.T) {
	found, err := filepath.Glob(filepath.Join("testdata", "plans", "*.json"))
	must(t, err)
	if len(found) < 5 {
		t.Fatalf("%d plans", len(found))
	}
	for _, name := range found {
		text := deploymentOf(t, name)
		var d manifest.Deployment
		must(t, json.Unmarshal(text, &d))
		for i := range d.Functions {
			d.Functions[i].Archive = &manifest.Archive{Digest: "x", Files: i, Zipped: 1 << 40, Unzipped: 2}
		}
		packed, err := manifest.Encode(&d)
		must(t, err)
		served, err := manifest.EncodeServed(&d)
		must(t, err)
		for _, document := range [][]byte{text, packed, served} {
			var want manifest.Deployment
			must(t, json.Unmarshal(document, &want))
			got, ok := manifest.DecodeQuickly(document)
			if diff := cmp.Diff(want, got); !ok || diff != "" {
				t.Errorf("%s: %t\n%s", name, ok, diff)
			}
		}
	}
}

// TestDecodeFunctionDocument: by hand, as encoding/json does, or not at all.
func TestDecodeFunctionDocument(t *testing.T) {
	d := plan(t, "shop", manifest.Settings{}).Deployment
	for _, f := range d.Functions {
		f.Environment = map[string]string{"A": "<b>"}
		want := manifest.FunctionDocument{Schema: manifest.FunctionDocumentSchema, App: d.App, Function: f}
		text, err := json.MarshalIndent(want, "", " ")
		must(t, err)
		var slow manifest.FunctionDocument
		must(t, json.Unmarshal(text, &slow))
		quick, ok := manifest.FunctionQuickly(text)
		if diff := cmp.Diff(slow, quick); !ok || diff != "" {
			t.Errorf("%s: %t\n%s", f.Name, ok, diff)
		}
		got, err := manifest.DecodeFunctionDocument(append([]byte(`{"later":1,`), text[1:]...))
		must(t, err)
		if diff := cmp.Diff(&slow, got); diff != "" {
			t.Errorf("%s with a key that is not known: %s", f.Name, diff)
		}
	}
	for text, want := range map[string]string{"{": "decode function", `{"schema":9}`: "pack the app again"} {
		if _, err := manifest.DecodeFunctionDocument([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// deploymentOf is the Deployment of a golden plan.
func deploymentOf(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var golden struct{ Deployment json.RawMessage }
	if err := json.Unmarshal(text, &golden); err != nil || len(golden.Deployment) == 0 {
		t.Fatalf("%s: %v", name, err)
	}
	return golden.Deployment
}

// TestDecodeOddly: what is not written as pack writes it is left to encoding/json.
func TestDecodeOddly(t *testing.T) {
	whole, err := manifest.EncodeServed(plan(t, "shop", manifest.Settings{}).Deployment)
	must(t, err)
	text := strings.TrimSpace(string(whole))
	if _, ok := manifest.DecodeQuickly([]byte(text)); !ok {
		t.Fatal("not read by hand")
	}
	for _, odd := range []string{
		"", " ", "null", "[]", "{", text + "x", text[:len(text)-1], text[:len(text)/2], `{"schema":1.5}`, `{"schema":-1}`, `{"schema":01}`, `{"schema":1e2}`,
		`{"schema":99999999999999999999}`, `{"id":5}`, `{"id":null}`, `{"ID":"x"}`, `{"id":"x","id":"y"}`, `{"id":"x",}`, `{"id" "x"}`, "{\"id\":\"a\nb\"}", `{"id":"\q"}`, `{"id":"x`,
		`{"new":1}`, `{"pages":[null]}`, `{"pages":[{}`, `{"pages":[{},]}`, `{"pages":[{"template":1}]}`, `{"pages":[{"seed":{}}`, `{"pages":[{"seed":tru}]}`,
		`{"pages":[{"parts":[],"parts":[]}]}`, `{"app":[}`, `{"app":{"a":"}`, `{"app":}`, `{"jobs":[1]}`,
	} {
		if d, ok := manifest.DecodeQuickly([]byte(odd)); ok {
			t.Errorf("%.60q is read as %+v", odd, d)
		}
	}
	got, ok := manifest.DecodeQuickly([]byte(" { \"id\" : \"gr\u00fcn \\u20ac \xff\" , \"pages\" : [ { \"allowQuery\" : [ ] } , { \"allowQuery\" : null } ] } \n"))
	if !ok || got.ID != "grün € \ufffd" || got.Pages[0].AllowQuery == nil || got.Pages[1].AllowQuery != nil {
		t.Errorf("%t, %+v", ok, got)
	}
}

// BenchmarkDecodeDeployment is what a gateway does with its document at its start.
func BenchmarkDecodeDeployment(b *testing.B) {
	var d manifest.Deployment
	must(b, json.Unmarshal(deploymentOf(b, filepath.Join("testdata", "plans", "shop.json")), &d))
	text, err := manifest.EncodeServed(&d)
	must(b, err)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := manifest.DecodeDeployment(text); err != nil {
			b.Fatal(err)
		}
	}
}
