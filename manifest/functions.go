package manifest

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
)

// function makes a Function of units whose settings agree.
func (p *planner) function(name string, units []*unit) error {
	f := Function{
		Name: name, Kind: RouteFunction, MaxDuration: units[0].maxDuration, Memory: units[0].memory,
		Architecture: units[0].architecture, Regions: units[0].regions, Environment: units[0].environment,
	}
	var sets [][]*SourceFile
	var documents []File
	for _, u := range units {
		f.Entries = append(f.Entries, u.entry)
		sets, documents = append(sets, u.files), append(documents, u.documents...)
		for _, o := range u.outputs {
			p.functionOf[o.ID] = name
			p.addOutput(o, name, u.entry)
		}
	}
	files, err := p.archive(mergeFiles(sets), documents)
	if err != nil {
		return err
	}
	if err := checkSize(files, p.settings.LayerSize, units[0].where()); err != nil {
		return err
	}
	p.deployment.Functions = append(p.deployment.Functions, f)
	p.files[name] = files
	return nil
}

func (p *planner) addOutput(o *RouteOutput, function string, entry Entry) {
	pathname := o.Pathname
	if o.Type == "PAGES" {
		// Next calls the Pages Router's front page /index here.
		base := p.build.Config.BasePath
		pathname = withBase(fromPagePath(withoutBase(pathname, base)), base)
	}
	if p.pathnames[pathname] {
		return
	}
	p.pathnames[pathname] = true
	p.deployment.Outputs = append(p.deployment.Outputs, Output{
		Pathname: pathname, Type: o.Type, Runtime: entry.Runtime, Function: function, Entry: entry.Pathname,
	})
}

// mergeFiles gives the union of file lists that are sorted by name, sorted so.
func mergeFiles(sets [][]*SourceFile) []*SourceFile {
	if len(sets) == 1 {
		return sets[0]
	}
	byName := map[string]*SourceFile{}
	for _, set := range sets {
		for _, f := range set {
			if byName[f.Name] == nil {
				byName[f.Name] = f
			}
		}
	}
	files := make([]*SourceFile, 0, len(byName))
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		files = append(files, byName[name])
	}
	return files
}

// archive turns measured files, and those that pack writes, into an archive's.
func (p *planner) archive(files []*SourceFile, documents []File) ([]File, error) {
	list := make([]File, 0, len(files)+len(documents))
	for _, s := range files {
		f := File{Name: s.Name, Source: s.Source, Mode: s.Mode, Size: s.Size, Hash: s.Hash, Link: slash(s.Link)}
		if s.Mode&fs.ModeSymlink != 0 && path.IsAbs(f.Link) {
			to, ok := relative(p.build.RepoRoot, f.Link)
			if !ok {
				return nil, &UserError{
					What: "a symbolic link leads out of the repository", Where: s.Name,
					Why: "it leads to " + s.Link, Hint: "install the package in the repository",
				}
			}
			f.Link = relativeTo(path.Dir(s.Name), to)
		}
		list = append(list, f)
	}
	list = append(list, documents...)
	slices.SortFunc(list, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// relativeTo gives the way from a folder to a file, both relative to one root.
func relativeTo(folder, file string) string {
	from, to := strings.Split(folder, "/"), strings.Split(file, "/")
	if folder == "." {
		from = nil
	}
	for len(from) > 0 && len(to) > 1 && from[0] == to[0] {
		from, to = from[1:], to[1:]
	}
	return strings.Repeat("../", len(from)) + strings.Join(to, "/")
}

var unfit = pattern(`[^a-zA-Z0-9_-]+`)

// routeName gives a name for a route's function, not yet unique.
func routeName(route string) string {
	if route == "/" {
		return "index"
	}
	name := strings.Trim(unfit().ReplaceAllString(strings.Trim(route, "/"), "-"), "-")
	// Neighbours such as "-" around a removed bracket read as one.
	for strings.Contains(name, "--") {
		name = strings.ReplaceAll(name, "--", "-")
	}
	return cmp.Or(name, "route")
}

const maxFunctionName = 40

// nameUnits names one function per unit. A name that two units want, that is
// too long or that pack needs itself gets a hash of its route.
func nameUnits(units []*unit) []string {
	wanted := map[string]int{"gateway": 1, "image": 1, "worker": 1}
	for _, u := range units {
		wanted[strings.ToLower(routeName(u.entry.Pathname))]++
	}
	names := make([]string, len(units))
	for i, u := range units {
		name := routeName(u.entry.Pathname)
		if len(name) > maxFunctionName || wanted[strings.ToLower(name)] > 1 {
			sum := shortHash(u.entry.Pathname + "\x00" + u.entry.File)
			name = strings.TrimRight(name[:min(len(name), maxFunctionName-9)], "-") + "-" + sum
		}
		names[i] = name
	}
	return names
}

// hexHash gives the SHA-256 of content in hexadecimal.
func hexHash(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

// shortHash tells names apart that would else be the same.
func shortHash(text string) string { return hexHash([]byte(text))[:8] }
