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
	var version struct {
		Schema int `json:"schema"`
	}
	if err := json.Unmarshal(data, &version); err != nil {
		return nil, fmt.Errorf("decode deployment: %w", err)
	}
	if version.Schema != DeploymentSchema {
		hint := "a newer pack wrote it, use that one"
		if version.Schema < DeploymentSchema {
			hint = "an older pack wrote it, run `pack build` again"
		}
		return nil, fmt.Errorf("decode deployment: schema %d, while this pack reads schema %d: %s", version.Schema, DeploymentSchema, hint)
	}
	var d Deployment
	if err := json.Unmarshal(data, &d); err != nil {
		return nil, fmt.Errorf("decode deployment: %w", err)
	}
	if err := d.check(); err != nil {
		return nil, fmt.Errorf("decode deployment: %w", err)
	}
	return &d, nil
}

var functionName = pattern(`^[a-zA-Z0-9_-]{1,40}$`)

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
	for i, o := range d.Outputs {
		at := fmt.Sprintf("$.outputs[%d]", i)
		if err := checkPathname(at, o.Pathname); err != nil {
			return err
		}
		if !entries[o.Function+"\x00"+o.Entry] {
			return fmt.Errorf("%s names the entry %q of the function %q, which is not there", at, o.Entry, o.Function)
		}
	}
	for i := range d.Pages {
		if err := d.Pages[i].check(fmt.Sprintf("$.pages[%d]", i), entries); err != nil {
			return err
		}
	}
	for i, a := range d.Assets {
		at := fmt.Sprintf("$.assets[%d]", i)
		if err := checkPathname(at, a.Pathname); err != nil {
			return err
		}
		if !validName(a.File) || a.Size < 0 {
			return fmt.Errorf("%s has the file %q of %d bytes", at, a.File, a.Size)
		}
	}
	return d.checkJobs()
}

// checkFunctions returns the functions' names, and each function's entries
// after its name and a zero byte.
func (d *Deployment) checkFunctions() (entries map[string]bool, err error) {
	entries = map[string]bool{}
	gateways := 0
	for i, f := range d.Functions {
		at := fmt.Sprintf("$.functions[%d]", i)
		switch {
		case !functionName().MatchString(f.Name):
			return nil, fmt.Errorf("%s.name is %q", at, f.Name)
		case entries[f.Name]:
			return nil, fmt.Errorf("%s.name is %q, which another function has", at, f.Name)
		case f.Architecture != ARM64 && f.Architecture != X8664:
			return nil, fmt.Errorf("%s.architecture is %q", at, f.Architecture)
		case len(f.Regions) == 0:
			return nil, fmt.Errorf("%s.regions is empty", at)
		case f.MaxDuration < minMaxDuration || f.MaxDuration > maxMaxDuration:
			return nil, fmt.Errorf("%s.maxDuration is %d", at, f.MaxDuration)
		case f.Memory < minMemory || f.Memory > maxMemory:
			return nil, fmt.Errorf("%s.memory is %d", at, f.Memory)
		}
		switch f.Kind {
		case GatewayFunction:
			gateways++
		case RouteFunction:
			if len(f.Entries) == 0 {
				return nil, fmt.Errorf("%s.entries is empty", at)
			}
		case ImageFunction, WorkerFunction:
		default:
			return nil, fmt.Errorf("%s.kind is %q", at, f.Kind)
		}
		entries[f.Name] = true
		for j, e := range f.Entries {
			if !validName(e.File) {
				return nil, fmt.Errorf("%s.entries[%d].file is %q", at, j, e.File)
			}
			entries[f.Name+"\x00"+e.Pathname] = true
		}
	}
	if gateways != 1 {
		return nil, fmt.Errorf("$.functions has %d gateways", gateways)
	}
	return entries, nil
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

func (p *Page) check(at string, functions map[string]bool) error {
	if err := checkPathname(at, p.Pathname); err != nil {
		return err
	}
	switch {
	case !functions[p.Function]:
		return fmt.Errorf("%s names the function %q, which is not there", at, p.Function)
	case !strings.HasPrefix(p.Key, "/"):
		return fmt.Errorf("%s.key is %q", at, p.Key)
	case len(p.Parts) == 0:
		return errors.New(at + ".parts is empty")
	}
	for j, part := range p.Parts {
		at := fmt.Sprintf("%s.parts[%d]", at, j)
		if err := checkPathname(at, part.Pathname); err != nil {
			return err
		}
		if part.Name == "" || part.File != "" && !validName(part.File) {
			return fmt.Errorf("%s is %q in %q", at, part.Name, part.File)
		}
	}
	return nil
}

func checkPathname(at, pathname string) error {
	if !strings.HasPrefix(pathname, "/") {
		return fmt.Errorf("%s.pathname is %q, which does not begin with a slash", at, pathname)
	}
	return nil
}
