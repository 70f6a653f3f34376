package bundle_test

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pack/infra/bundle"
	"pack/manifest"
)

// app makes plans by hand: routes that share most of their files, a gateway,
// an asset and a seed. Plans of one app share sources.
type app struct {
	t   testing.TB
	dir string
	// routes maps a route's name to what its entry says.
	routes map[string]string
	// shared are files of every route.
	shared []manifest.File
	asset  string
}

func newApp(t testing.TB, routes ...string) *app {
	a := &app{t: t, dir: t.TempDir(), routes: map[string]string{}, asset: "body{}"}
	for _, r := range routes {
		a.routes[r] = "exports.handler = '" + r + "'\n"
	}
	for i := range 20 {
		a.shared = append(a.shared, a.file(fmt.Sprintf("node_modules/next/dist/%d.js", i), strings.Repeat(fmt.Sprintf("module %d\n", i), 200)))
	}
	a.shared = append(a.shared,
		manifest.File{Name: "node_modules/dep", Mode: fs.ModeSymlink | 0o777, Link: "next/dist", Size: 9, Hash: "link:next/dist"})
	return a
}

// source writes a text below the app's folder, addressed by content.
func (a *app) source(text string) (path, digest string) {
	digest = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))
	path = filepath.Join(a.dir, digest)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		a.t.Fatal(err)
	}
	return path, digest
}

func (a *app) file(name, text string) manifest.File {
	path, digest := a.source(text)
	return manifest.File{Name: name, Source: path, Mode: 0o644, Size: int64(len(text)), Hash: "sha256:" + digest}
}

func (a *app) plan() *manifest.Plan {
	d := &manifest.Deployment{
		Schema: manifest.DeploymentSchema, ID: "dpl/1", BuildID: "build", NextVersion: "16.4.6",
		App: manifest.App{ProjectDir: ".", DistDir: ".next", BypassToken: "secret"},
		Functions: []manifest.Function{{
			Name: "gateway", Kind: manifest.GatewayFunction, MaxDuration: 30, Memory: 1024,
			Architecture: manifest.ARM64, Regions: []string{"us-east-1"},
		}},
	}
	p := &manifest.Plan{Deployment: d, Files: map[string][]manifest.File{}, AssetSources: map[string]string{}, SeedSources: map[string]string{}}
	for _, name := range sorted(a.routes) {
		entry := a.file(".next/server/app/"+name+".js", a.routes[name])
		p.Files[name] = append([]manifest.File{entry}, a.shared...)
		d.Functions = append(d.Functions, manifest.Function{
			Name: name, Kind: manifest.RouteFunction, MaxDuration: 300, Memory: 1024,
			Architecture: manifest.ARM64, Regions: []string{"us-east-1"},
			Entries: []manifest.Entry{{File: entry.Name, Type: "APP_PAGE", Page: "/" + name, Pathname: "/" + name}},
		})
		d.Outputs = append(d.Outputs, manifest.Output{Pathname: "/" + name, Type: "APP_PAGE", Function: name, Entry: "/" + name})
	}
	path, digest := a.source(a.asset)
	d.Assets = []manifest.Asset{{
		Pathname: "/a.css", File: digest[:2] + "/" + digest, Size: int64(len(a.asset)), Digest: digest, Source: "static", Immutable: true,
	}}
	p.AssetSources[d.Assets[0].File] = path
	if len(a.routes) > 0 {
		name := sorted(a.routes)[0]
		path, digest := a.source("<html>" + a.routes[name])
		seed := digest[:2] + "/" + digest
		d.Pages = []manifest.Page{{
			Pathname: "/" + name, Route: "/" + name, Kind: "APP_PAGE", Function: name, Key: "/route-cache/" + name,
			Parts: []manifest.Part{{Pathname: "/" + name, Name: "html", File: seed}},
		}}
		p.SeedSources[seed] = path
	}
	return p
}

func sorted(routes map[string]string) []string {
	names := make([]string, 0, len(routes))
	for name := range routes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// bundle bundles the app and closes the output.
func (a *app) bundle(out string) *bundle.Result {
	a.t.Helper()
	r, err := bundle.Bundle(a.t.Context(), bundle.Options{Plan: a.plan(), Out: out})
	if err != nil {
		a.t.Fatal(err)
	}
	a.t.Cleanup(func() { r.Output.Close() })
	return r
}

// large makes an app of the size that was measured on Next 16.4: every route
// has 150 files of 1.7 MB together, nearly all of them everybody's.
func large(t testing.TB, routes int) *app {
	a := newApp(t)
	a.shared = nil
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 145 {
		a.shared = append(a.shared, a.file(fmt.Sprintf("node_modules/next/%d.js", i), script(random, 11<<10)))
	}
	for i := range routes {
		a.routes[fmt.Sprintf("route-%03d", i)] = script(random, 20<<10)
	}
	return a
}

// script gives text that compresses about as well as code does.
func script(random *rand.Rand, size int) string {
	var b strings.Builder
	for b.Len() < size {
		fmt.Fprintf(&b, "function n%x(e,t){return t.call(this,%d)}\n", random.Uint32N(1<<20), random.IntN(1000))
	}
	return b.String()
}
