package bundle

import (
	"encoding/json"
	"fmt"
	"slices"

	"pack/manifest"
)

// documented gives the files of a function's archive: those of the plan and
// the document that the runtime reads.
func documented(p *manifest.Plan, f manifest.Function) ([]manifest.File, error) {
	const name = manifest.FunctionFile
	content, err := encodeFunction(p.Deployment, f)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", name, err)
	}
	files := p.Files[f.Name]
	for _, file := range files {
		if file.Name == name {
			return nil, &manifest.UserError{
				What:  fmt.Sprintf("the app has a file of pack's own: %s", name),
				Where: "function " + f.Name,
				Hint:  "rename the app's folder pack, or keep it out with outputFileTracingExcludes",
			}
		}
	}
	return append(slices.Clip(files), manifest.File{Name: name, Content: content, Mode: 0o644, Size: int64(len(content))}), nil
}

// encodeFunction gives a function's document. It depends on nothing
// that another route could change, so that the archive stays the same when only
// others change.
func encodeFunction(d *manifest.Deployment, f manifest.Function) ([]byte, error) {
	f.Archive = nil
	app := d.App
	// The gateway alone compares it, and has the Deployment.
	app.BypassToken = ""
	// It is in the function's environment, NEXT_DEPLOYMENT_ID: it changes with
	// what browsers run, and functions do not.
	app.DeploymentID = ""
	content, err := json.MarshalIndent(manifest.FunctionDocument{
		Schema:   manifest.FunctionDocumentSchema,
		App:      app,
		Function: f,
	}, "", " ")
	return append(content, '\n'), err
}

func withoutArchives(d *manifest.Deployment) *manifest.Deployment {
	c := *d
	c.Functions = slices.Clone(d.Functions)
	for i := range c.Functions {
		c.Functions[i].Archive = nil
	}
	return &c
}
