package manifest

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Decode reads the document that the adapter wrote, measured or not. Fields
// that it does not know are skipped, since a newer Next.js may add some; a
// missing or impossible one is an error that gives its JSON path.
func Decode(data []byte) (*Build, error) {
	var b Build
	if err := json.Unmarshal(data, &b); err != nil {
		var t *json.UnmarshalTypeError
		if errors.As(err, &t) && t.Field != "" {
			return nil, fmt.Errorf("decode build: $.%s: %s where %s is due", t.Field, t.Value, t.Type)
		}
		return nil, fmt.Errorf("decode build: %w", err)
	}
	if b.Schema != BuildSchema {
		return nil, fmt.Errorf("decode build: $.schema is %d, this pack reads %d: build the app again", b.Schema, BuildSchema)
	}
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("decode build: %w", err)
	}
	return &b, nil
}

// Load reads a Build that Save wrote.
func Load(path string) (*Build, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("load build: %w", err)
	}
	b, err := DecodeMeasured(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// DecodeMeasured decodes what Save wrote.
func DecodeMeasured(data []byte) (*Build, error) {
	b, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if !b.Measured {
		return nil, errors.New("decode build: $.measured is not set: the capture was not finished")
	}
	return b, nil
}

// Save writes the Build to path, whole or not at all.
func (b *Build) Save(path string) error {
	data, err := json.Marshal(b)
	if err != nil {
		return fmt.Errorf("encode build: %w", err)
	}
	return WriteWhole(path, data)
}

// WriteWhole writes a file of mode 0644, whole or not at all: beside path, and renamed.
func WriteWhole(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(0o644)
	}
	if c := f.Close(); err == nil {
		err = c
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// outputGroup is one list of Outputs under its JSON name.
type outputGroup struct {
	name    string
	outputs []RouteOutput
}

// groups gives the outputs that run code, the middleware aside.
func (o *Outputs) groups() []outputGroup {
	return []outputGroup{
		{"pages", o.Pages}, {"pagesApi", o.PagesAPI}, {"appPages", o.AppPages}, {"appRoutes", o.AppRoutes},
	}
}

// EachRoute calls f with every output that runs code, the middleware included.
func (b *Build) EachRoute(f func(*RouteOutput)) {
	for _, g := range b.Outputs.groups() {
		for i := range g.outputs {
			f(&g.outputs[i])
		}
	}
	if b.Outputs.Middleware != nil {
		f(b.Outputs.Middleware)
	}
}

// check looks for what planning relies on.
func (b *Build) check() error {
	for _, f := range []struct{ path, value string }{
		{"buildId", b.BuildID}, {"nextVersion", b.NextVersion},
		{"projectDir", b.ProjectDir}, {"repoRoot", b.RepoRoot}, {"distDir", b.DistDir},
	} {
		if f.value == "" {
			return missing(f.path)
		}
	}
	if base := b.Config.BasePath; base != "" && (!strings.HasPrefix(base, "/") || strings.HasSuffix(base, "/")) {
		return fmt.Errorf("$.config.basePath is %q", base)
	}
	for i, p := range b.Public {
		if !strings.HasPrefix(p.Pathname, "/") || p.Source == "" {
			return fmt.Errorf("$.public[%d] is %q from %q", i, p.Pathname, p.Source)
		}
	}
	for i, f := range b.Files {
		if !validName(f.Name) {
			return fmt.Errorf("$.files[%d].name is %q, which does not lie in the repository", i, f.Name)
		}
		if f.Source == "" {
			return missing(fmt.Sprintf("files[%d].source", i))
		}
		if f.Size < 0 {
			return fmt.Errorf("$.files[%d].size is %d", i, f.Size)
		}
	}
	for path, s := range b.Static {
		if len(s.Digest) != 2*sha256.Size || s.Size < 0 || !validName(s.Digest) {
			return fmt.Errorf("$.static[%q] has the digest %q of %d bytes", path, s.Digest, s.Size)
		}
	}
	for _, g := range b.Outputs.groups() {
		for i := range g.outputs {
			if err := b.checkRoute(fmt.Sprintf("outputs.%s[%d]", g.name, i), &g.outputs[i]); err != nil {
				return err
			}
		}
	}
	if m := b.Outputs.Middleware; m != nil {
		if err := b.checkRoute("outputs.middleware", m); err != nil {
			return err
		}
	}
	for i, p := range b.Outputs.Prerenders {
		at := fmt.Sprintf("outputs.prerenders[%d]", i)
		switch {
		case !strings.HasPrefix(p.Pathname, "/"):
			return fmt.Errorf("$.%s.pathname is %q, which does not begin with a slash", at, p.Pathname)
		case p.ParentOutputID == "":
			return missing(at + ".parentOutputId")
		case p.GroupID == 0:
			return missing(at + ".groupId")
		}
	}
	for i, s := range b.Outputs.StaticFiles {
		at := fmt.Sprintf("outputs.staticFiles[%d]", i)
		if !strings.HasPrefix(s.Pathname, "/") {
			return fmt.Errorf("$.%s.pathname is %q, which does not begin with a slash", at, s.Pathname)
		}
		if s.FilePath == "" {
			return missing(at + ".filePath")
		}
	}
	return b.Routing.check()
}

func (b *Build) checkRoute(at string, o *RouteOutput) error {
	switch o.Type {
	case "PAGES", "PAGES_API", "APP_PAGE", "APP_ROUTE", "MIDDLEWARE":
	default:
		return fmt.Errorf("$.%s.type is %q, which this pack does not know", at, o.Type)
	}
	switch {
	case o.ID == "":
		return missing(at + ".id")
	case o.FilePath == "":
		return missing(at + ".filePath")
	case !strings.HasPrefix(o.Pathname, "/"):
		return fmt.Errorf("$.%s.pathname is %q, which does not begin with a slash", at, o.Pathname)
	case o.SourcePage == "":
		return missing(at + ".sourcePage")
	case o.Runtime != "nodejs" && o.Runtime != "edge":
		return fmt.Errorf("$.%s.runtime is %q, which this pack does not know", at, o.Runtime)
	}
	if o.Runtime == EdgeRuntime {
		if err := b.checkEdge(at+".edge", o.Edge); err != nil {
			return err
		}
	}
	for i, n := range o.Files {
		if n < 0 || n >= len(b.Files) {
			return fmt.Errorf("$.%s.files[%d] is %d, but there are %d files", at, i, n, len(b.Files))
		}
	}
	return nil
}

func (b *Build) checkEdge(at string, e *EdgeOutput) error {
	switch {
	case e == nil:
		return missing(at)
	case len(e.Scripts) == 0:
		return missing(at + ".scripts")
	case e.EntryKey == "":
		return missing(at + ".entryKey")
	case e.HandlerExport == "":
		return missing(at + ".handlerExport")
	}
	for _, name := range e.files() {
		if !validName(name) {
			return fmt.Errorf("$.%s names the file %q, which does not lie in the repository", at, name)
		}
	}
	return nil
}

// check sees that every rule has a pattern.
func (r *Routing) check() error {
	for _, p := range []struct {
		name  string
		rules []Route
	}{
		{"beforeMiddleware", r.BeforeMiddleware}, {"middlewareMatchers", r.MiddlewareMatchers},
		{"beforeFiles", r.BeforeFiles}, {"afterFiles", r.AfterFiles}, {"dynamicRoutes", r.DynamicRoutes},
		{"onMatch", r.OnMatch}, {"fallback", r.Fallback},
	} {
		for i, rule := range p.rules {
			if rule.SourceRegex == "" {
				return missing(fmt.Sprintf("routing.%s[%d].sourceRegex", p.name, i))
			}
		}
	}
	return nil
}

func missing(path string) error { return fmt.Errorf("$.%s is missing", path) }

// validName says whether name is a clean relative path with forward slashes
// that stays below its root.
func validName(name string) bool {
	return name != "" && !strings.ContainsRune(name, '\\') && !strings.ContainsRune(name, 0) &&
		filepath.ToSlash(filepath.Clean(name)) == name && name != "." && name != ".." &&
		!strings.HasPrefix(name, "/") && !strings.HasPrefix(name, "../")
}
