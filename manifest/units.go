package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// unit is one entry file and everything that goes with it: what cannot be
// split over functions.
type unit struct {
	entry   Entry
	outputs []*RouteOutput
	source  string
	files   []*SourceFile
	// documents are files that pack writes for the entry.
	documents []File
	// Settings, resolved.
	maxDuration  int
	memory       int
	regions      []string
	architecture Architecture
	environment  map[string]string
}

// where names the unit in messages.
func (u *unit) where() string {
	if u.source != "" {
		return "route " + u.entry.Pathname + " (" + u.source + ")"
	}
	return "route " + u.entry.Pathname
}

// makeUnits puts outputs that share an entry file together, sorted by route.
func (p *planner) makeUnits() ([]*unit, error) {
	byFile := map[string]*unit{}
	var units []*unit
	for _, g := range p.build.Outputs.groups() {
		for i := range g.outputs {
			o := &g.outputs[i]
			file := o.FilePath
			if o.Edge != nil {
				file += "\x00" + o.Edge.EntryKey
			}
			u := byFile[file]
			if u == nil {
				u = &unit{}
				byFile[file] = u
				units = append(units, u)
			}
			u.outputs = append(u.outputs, o)
		}
	}
	for _, u := range units {
		o := p.canonical(u.outputs)
		entry, documents, err := p.entryOf(o)
		if err != nil {
			return nil, err
		}
		u.entry, u.documents, u.source, u.files = entry, documents, o.Source, p.filesOf(u.outputs)
	}
	slices.SortFunc(units, func(a, b *unit) int {
		return cmp.Or(strings.Compare(a.entry.Pathname, b.entry.Pathname), strings.Compare(a.entry.File, b.entry.File))
	})
	for _, u := range units {
		if err := p.settle(u); err != nil {
			return nil, err
		}
	}
	return units, nil
}

// canonical is the output that stands for its siblings: neither its RSC nor
// its data form nor one of its locales.
func (p *planner) canonical(outputs []*RouteOutput) *RouteOutput {
	rsc := p.build.Routing.RSC.Suffix
	for _, o := range outputs {
		id := p.identity(o)
		if (rsc == "" || !strings.HasSuffix(id, rsc)) && !strings.HasPrefix(id, "/_next/data/") {
			return o
		}
	}
	return outputs[0]
}

// entryOf gives the entry of an output, and the files that pack writes for it.
func (p *planner) entryOf(o *RouteOutput) (Entry, []File, error) {
	if o.Edge != nil {
		document, err := edgeDocument(o)
		return p.edgeEntry(o, document.Name), []File{document}, err
	}
	file, ok := relative(p.build.RepoRoot, o.FilePath)
	if !ok {
		return Entry{}, nil, fmt.Errorf("%s lies outside the repository %s", o.FilePath, p.build.RepoRoot)
	}
	e := Entry{File: file, Type: o.Type, Page: "/" + strings.TrimPrefix(o.SourcePage, "/"), Pathname: o.ID}
	if o.Type == "PAGES" || o.Type == "PAGES_API" {
		e.Pathname = fromPagePath(o.ID)
	}
	return e, nil, nil
}

// filesOf gives the files of outputs, each once, by name.
func (p *planner) filesOf(outputs []*RouteOutput) []*SourceFile {
	var numbers []int
	for _, o := range outputs {
		numbers = append(numbers, o.Files...)
	}
	slices.Sort(numbers)
	files := make([]*SourceFile, 0, len(numbers))
	for _, n := range slices.Compact(numbers) {
		f := &p.build.Files[n]
		// Two sources of one name are one file: the first, as in the adapter.
		if len(files) == 0 || files[len(files)-1].Name != f.Name {
			files = append(files, f)
		}
	}
	return files
}
