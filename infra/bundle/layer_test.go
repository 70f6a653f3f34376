package bundle_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"pack/manifest"
)

func TestDocumentsInArchives(t *testing.T) {
	r := newApp(t, "blog").bundle(t.TempDir())
	path, err := r.Output.LayerArchive(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	layer, err := r.Output.Layer()
	if err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(path); err != nil || st.Size() != layer.Zipped || layer.Files != 1 || len(layer.Digest) != 64 {
		t.Errorf("the layer is %+v, its file %v, %v", layer, st, err)
	}
	text := member(t, path, "pack/deployment.json")
	if path, err = r.Output.UnpackLayer(t.Context()); err != nil {
		t.Fatal(err)
	}
	if unpacked, err := os.ReadFile(path); err != nil || string(unpacked) != text {
		t.Errorf("%s is not what is in the layer's archive: %v", path, err)
	}
	d, err := manifest.DecodeDeployment([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d.App.BypassToken != "secret" || len(d.Functions) != 2 || d.Functions[1].Archive != nil {
		t.Errorf("the gateway's deployment: %+v", d)
	}
	var f manifest.FunctionDocument
	text = member(t, archiveOf(t, r.Output, "blog"), "pack/function.json")
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	if f.Schema != manifest.FunctionDocumentSchema || f.Function.Name != "blog" || f.App.DistDir != ".next" {
		t.Errorf("the function's document: %+v", f)
	}
	if strings.Contains(text, "secret") {
		t.Error("the function's document has the bypass token")
	}
}
