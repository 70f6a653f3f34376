package manifest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pack/manifest"
)

// TestEncodeServed: gateway and worker read the whole Deployment, less what is
// about seeds and archives, which stay where they were.
func TestEncodeServed(t *testing.T) {
	d := plan(t, "shop", manifest.Settings{}).Deployment
	d.Functions[0].Archive = &manifest.Archive{Digest: "x"}
	whole, err := manifest.Encode(d)
	must(t, err)
	text, err := manifest.EncodeServed(d)
	must(t, err)
	served, err := manifest.DecodeDeployment(text)
	must(t, err)
	less := []cmp.Option{
		cmpopts.IgnoreFields(manifest.Function{}, "Archive"), cmpopts.IgnoreFields(manifest.Page{}, "Seed"),
		cmpopts.IgnoreFields(manifest.Part{}, "Headers", "File"), cmpopts.EquateEmpty(),
	}
	if diff := cmp.Diff(d, served, less...); diff != "" {
		t.Error(diff)
	}
	seeds := 0
	for i, page := range served.Pages {
		if page.Seed != nil {
			t.Errorf("%s has a seed", page.Pathname)
		}
		if d.Pages[i].Seed != nil && d.Pages[i].Parts[0].File != "" {
			seeds++
		}
	}
	if seeds == 0 || d.Functions[0].Archive == nil || served.Functions[0].Archive != nil {
		t.Errorf("%d seeds, archive %v in the deployment and %v in what is served", seeds, d.Functions[0].Archive, served.Functions[0].Archive)
	}
	if len(text) > 3*len(whole)/4 {
		t.Errorf("%d bytes of %d", len(text), len(whole))
	}
}

// TestServedPartialPages: whether the build made a shell and a payload is told without
// its seeds.
func TestServedPartialPages(t *testing.T) {
	d := plan(t, "partial", manifest.Settings{}).Deployment
	text, err := manifest.EncodeServed(d)
	must(t, err)
	served, err := manifest.DecodeDeployment(text)
	must(t, err)
	shells, payloads := 0, 0
	for i := range d.Pages {
		page, got := &d.Pages[i], &served.Pages[i]
		if !page.PartiallyStatic {
			continue
		}
		if got.HasShell() != page.HasShell() || got.HasRSC() != page.HasRSC() {
			t.Errorf("%s has a shell: %v, and a payload: %v; in what is served %v and %v", page.Pathname, page.HasShell(), page.HasRSC(), got.HasShell(), got.HasRSC())
		}
		if page.HasShell() {
			shells++
		}
		if page.HasRSC() {
			payloads++
		}
	}
	if shells == 0 || payloads == 0 {
		t.Errorf("%d shells and %d payloads: the fixture says nothing", shells, payloads)
	}
}
