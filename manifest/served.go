package manifest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// EncodeServed gives the Deployment document in the form that gateway and worker
// read when they start: without spaces, without the Archives, and without what only
// those need who store the seeds (Page.Seed, Part.Headers, Part.File but for what
// HasShell and HasRSC say of pages of partial prerendering). Decoding is most of what a
// gateway does before its first answer, and half of a whole document is about seeds.
// DecodeDeployment reads it.
func EncodeServed(d *Deployment) ([]byte, error) {
	served := *d
	served.Functions = slices.Clone(d.Functions)
	for i := range served.Functions {
		served.Functions[i].Archive = nil
	}
	served.Pages = slices.Clone(d.Pages)
	for i := range served.Pages {
		page := &served.Pages[i]
		page.Seed, page.Parts = nil, slices.Clone(page.Parts)
		for j := range page.Parts {
			part := &page.Parts[j]
			part.Headers = nil
			if !page.PartiallyStatic || part.Name != "rsc" && (part.Name != "html" || !page.Template) {
				part.File = ""
			}
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(&served); err != nil {
		return nil, fmt.Errorf("encode deployment: %w", err)
	}
	return b.Bytes(), nil
}
