package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Encode gives the Deployment document: indented JSON with a closing newline,
// the same bytes for the same Deployment.
func Encode(d *Deployment) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(d); err != nil {
		return nil, fmt.Errorf("encode deployment: %w", err)
	}
	return b.Bytes(), nil
}

// DecodeDeployment reads a Deployment document, and checks that nothing in it
// refers to what is not there and no file leads out of the deployment.
func DecodeDeployment(data []byte) (*Deployment, error) {
	d, ok := decodeQuickly(data)
	var err error
	if !ok {
		d = Deployment{}
		err = json.Unmarshal(data, &d)
	}
	switch {
	case err != nil && (d.Schema == 0 || d.Schema == DeploymentSchema):
		return nil, fmt.Errorf("decode deployment: %w", err)
	case d.Schema != DeploymentSchema: // another one may well have other types
		hint := "a newer pack wrote it, use that one"
		if d.Schema < DeploymentSchema {
			hint = "an older pack wrote it, run `pack build` again"
		}
		return nil, fmt.Errorf("decode deployment: schema %d, while this pack reads schema %d: %s", d.Schema, DeploymentSchema, hint)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("decode deployment: %w", err)
	}
	return &d, nil
}

// isFunctionName is by hand and not a pattern: a gateway reads its deployment on
// each cold start.
func isFunctionName(name string) bool {
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return name != "" && len(name) <= 40
}

func (d *Deployment) check() error {
	switch {
	case d.ID == "":
		return missing("id")
	case d.BuildID == "":
		return missing("buildId")
	case d.App.ProjectDir != "." && !validName(d.App.ProjectDir):
		return fmt.Errorf("$.app.projectDir is %q", d.App.ProjectDir)
	case !validName(d.App.DistDir):
		return fmt.Errorf("$.app.distDir is %q", d.App.DistDir)
	}
	if err := d.Routing.check(); err != nil {
		return err
	}
	entries, err := d.checkFunctions()
	if err != nil {
		return err
	}
	for i := range d.Outputs {
		if err := d.Outputs[i].check(entries); err != nil {
			return fmt.Errorf("$.outputs[%d]%w", i, err)
		}
	}
	for i := range d.Pages {
		if err := d.Pages[i].check(entries); err != nil {
			return fmt.Errorf("$.pages[%d]%w", i, err)
		}
	}
	for i := range d.Assets {
		if err := d.Assets[i].check(); err != nil {
			return fmt.Errorf("$.assets[%d]%w", i, err)
		}
	}
	return d.checkJobs()
}

// checkFunctions returns the functions' names, and each function's entries
// after its name and a zero byte.
func (d *Deployment) checkFunctions() (entries map[string]bool, err error) {
	entries = map[string]bool{}
	gateways := 0
	for i := range d.Functions {
		f := &d.Functions[i]
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("$.functions[%d]%w", i, err)
		}
		if entries[f.Name] {
			return nil, fmt.Errorf("$.functions[%d].name is %q, which another function has", i, f.Name)
		}
		if f.Kind == GatewayFunction {
			gateways++
		}
		entries[f.Name] = true
		for j := range f.Entries {
			entries[f.Name+"\x00"+f.Entries[j].Pathname] = true
		}
	}
	if gateways != 1 {
		return nil, fmt.Errorf("$.functions has %d gateways", gateways)
	}
	return entries, nil
}

// check and those below give errors that begin after the place in the document.
func (f *Function) check() error {
	switch {
	case !isFunctionName(f.Name):
		return fmt.Errorf(".name is %q", f.Name)
	case f.Architecture != ARM64 && f.Architecture != X8664:
		return fmt.Errorf(".architecture is %q", f.Architecture)
	case len(f.Regions) == 0:
		return errors.New(".regions is empty")
	case f.MaxDuration < minMaxDuration || f.MaxDuration > maxMaxDuration:
		return fmt.Errorf(".maxDuration is %d", f.MaxDuration)
	case f.Memory < minMemory || f.Memory > maxMemory:
		return fmt.Errorf(".memory is %d", f.Memory)
	}
	switch f.Kind {
	case RouteFunction:
		if len(f.Entries) == 0 {
			return errors.New(".entries is empty")
		}
	case GatewayFunction, ImageFunction, WorkerFunction:
	default:
		return fmt.Errorf(".kind is %q", f.Kind)
	}
	for i := range f.Entries {
		if file := f.Entries[i].File; !validName(file) {
			return fmt.Errorf(".entries[%d].file is %q", i, file)
		}
	}
	return nil
}

func (o *Output) check(entries map[string]bool) error {
	if err := checkPathname(o.Pathname); err != nil {
		return err
	}
	if !entries[o.Function+"\x00"+o.Entry] {
		return fmt.Errorf(" names the entry %q of the function %q, which is not there", o.Entry, o.Function)
	}
	return nil
}

func (a *Asset) check() error {
	if err := checkPathname(a.Pathname); err != nil {
		return err
	}
	if !validName(a.File) || a.Size < 0 {
		return fmt.Errorf(" has the file %q of %d bytes", a.File, a.Size)
	}
	return nil
}

// checkJobs checks that jobs go to routes that are there.
func (d *Deployment) checkJobs() error {
	routes := map[string]bool{}
	for _, f := range d.Functions {
		for _, e := range f.Entries {
			routes[e.Pathname] = routes[e.Pathname] || f.Kind == RouteFunction
		}
	}
	for i, j := range d.Jobs {
		if !routes[j.Route] {
			return fmt.Errorf("$.jobs[%d] names the route %q, which is not there", i, j.Route)
		}
	}
	for i, c := range d.Crons {
		if !strings.HasPrefix(c.Path, "/") || c.Schedule == "" {
			return fmt.Errorf("$.crons[%d] is %q on %q", i, c.Path, c.Schedule)
		}
	}
	return nil
}

func (p *Page) check(functions map[string]bool) error {
	if err := checkPathname(p.Pathname); err != nil {
		return err
	}
	switch {
	case !functions[p.Function]:
		return fmt.Errorf(" names the function %q, which is not there", p.Function)
	case !strings.HasPrefix(p.Key, "/"):
		return fmt.Errorf(".key is %q", p.Key)
	case len(p.Parts) == 0:
		return errors.New(".parts is empty")
	}
	for i := range p.Parts {
		part := &p.Parts[i]
		err := checkPathname(part.Pathname)
		if err == nil && (part.Name == "" || part.File != "" && !validName(part.File)) {
			err = fmt.Errorf(" is %q in %q", part.Name, part.File)
		}
		if err != nil {
			return fmt.Errorf(".parts[%d]%w", i, err)
		}
	}
	return nil
}

func checkPathname(pathname string) error {
	if !strings.HasPrefix(pathname, "/") {
		return fmt.Errorf(".pathname is %q, which does not begin with a slash", pathname)
	}
	return nil
}
