package manifest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// EdgeRuntime is RouteOutput.Runtime and Entry.Runtime of a route that runs in
// the sandbox of the edge runtime's Web APIs instead of as a Node.js module.
const EdgeRuntime = "edge"

// EdgeOutput is what the adapter says of an output of the edge runtime
// (`edgeRuntime`, `wasmAssets`, `config.env` in 07-adapters/09-output-types.md).
// Files are named as in Build.Files.
type EdgeOutput struct {
	// Scripts are evaluated in this order, in one global scope.
	Scripts []string `json:"scripts"`
	// EntryKey names the entry in globalThis._ENTRIES, HandlerExport its
	// function.
	EntryKey      string `json:"entryKey"`
	HandlerExport string `json:"handlerExport"`
	// Assets are files that fetch finds at blob:<name>; Wasm are modules that
	// become global variables.
	Assets map[string]string `json:"assets,omitempty"`
	Wasm   map[string]string `json:"wasm,omitempty"`
	// Env is added to the environment. It holds secrets of the build, so it is
	// kept in the function's archive and in no Deployment.
	Env map[string]string `json:"env,omitempty"`
}

// files names everything that the output needs beside its document.
func (e *EdgeOutput) files() []string {
	names := slices.Clone(e.Scripts)
	for _, set := range []map[string]string{e.Assets, e.Wasm} {
		for _, name := range set {
			names = append(names, name)
		}
	}
	return names
}

// edgeDocument gives the file of a function's archive that tells the Node half
// how to run o: o's EdgeOutput as JSON.
func edgeDocument(o *RouteOutput) (File, error) {
	content, err := json.MarshalIndent(o.Edge, "", "  ")
	if err != nil {
		return File{}, fmt.Errorf("write edge document of %s: %w", o.ID, err)
	}
	name := "pack/edge/" + strings.Trim(unfit().ReplaceAllString(o.Edge.EntryKey, "-"), "-") + "-" + shortHash(o.Edge.EntryKey) + ".json"
	return File{
		Name: name, Content: content, Mode: 0o644, Size: int64(len(content)), Hash: "sha256:" + hexHash(content),
	}, nil
}

// identity is the name by which an output's siblings are told apart. Next names
// outputs of the edge runtime after their file; those of Node.js after the
// route.
func (p *planner) identity(o *RouteOutput) string {
	if o.Runtime == EdgeRuntime {
		return withoutBase(o.Pathname, p.build.Config.BasePath)
	}
	return o.ID
}

// edgeEntry is the Entry of an output of the edge runtime.
func (p *planner) edgeEntry(o *RouteOutput, document string) Entry {
	e := Entry{
		File: document, Type: o.Type, Runtime: EdgeRuntime,
		Page: "/" + strings.TrimPrefix(o.SourcePage, "/"), Pathname: p.identity(o),
	}
	if o.Type == "MIDDLEWARE" {
		e.Page = "/" + cmp.Or(strings.TrimPrefix(o.ID, "/"), "middleware")
	}
	return e
}
