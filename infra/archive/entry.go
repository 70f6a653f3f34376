package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"

	"pack/manifest"
)

// Format names the form of the archives that this package writes: those of the
// same Digest and Format can stand for each other. Raise the first number when
// the same entries are to give other bytes; the others are the levels of
// compression.
const Format = "v1-6-3"

// Entry is one file of an archive, in the form that is hashed and written.
// The JSON form is the list of files beside each archive.
type Entry struct {
	// Name is relative to the archive's root, with forward slashes.
	Name string `json:"name"`
	// Mode is 0644, 0755, or fs.ModeSymlink|0777.
	Mode fs.FileMode `json:"mode"`
	// Key stands for the content: equal keys, equal bytes. It is lower-case
	// hexadecimal. Empty for a link.
	Key string `json:"key,omitempty"`
	// Link is the target of a symbolic link, relative to Name's folder.
	Link string `json:"link,omitempty"`
	// Size is in bytes; of a link, the length of its target.
	Size int64 `json:"size"`

	source  string
	content []byte
}

// IsLink reports whether the entry is a symbolic link.
func (e *Entry) IsLink() bool { return e.Mode&fs.ModeSymlink != 0 }

// Entries turns files into entries, sorted by name. A file that is named below
// a symbolic link of the same archive gets the name that the link leads to, as
// extracting it would: pnpm's node_modules can be seen both ways.
//
// It refuses names and links that lead out of the archive, and two different
// files of one name.
func Entries(files []manifest.File) ([]Entry, error) {
	links := map[string]string{}
	for _, f := range files {
		if f.Mode&fs.ModeSymlink != 0 {
			links[f.Name] = f.Link
		}
	}
	entries := make([]Entry, 0, len(files))
	for i := range files {
		e, err := newEntry(&files[i])
		if err != nil {
			return nil, err
		}
		if len(links) > 0 {
			if e.Name, err = throughLinks(e.Name, links); err != nil {
				return nil, err
			}
		}
		entries = append(entries, e)
	}
	slices.SortStableFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return unique(entries)
}

func newEntry(f *manifest.File) (Entry, error) {
	if !fs.ValidPath(f.Name) || f.Name == "." || strings.ContainsAny(f.Name, "\\\x00") {
		return Entry{}, &manifest.UserError{
			What: fmt.Sprintf("the file %q cannot be in a function", f.Name),
			Why:  "its path leads out of the function's folder",
			Hint: "set outputFileTracingRoot in next.config to the folder that holds the whole workspace",
		}
	}
	e := Entry{Name: f.Name, Mode: 0o644, Size: f.Size, source: f.Source, content: f.Content}
	switch {
	case f.Mode&fs.ModeSymlink != 0:
		if path.IsAbs(f.Link) || f.Link == "" || !inside(path.Join(path.Dir(f.Name), f.Link)) {
			return Entry{}, &manifest.UserError{
				What: fmt.Sprintf("the symbolic link %s cannot be in a function", f.Name),
				Why:  fmt.Sprintf("its target %q is outside the function's folder", f.Link),
				Hint: "set outputFileTracingRoot in next.config to the folder that holds the whole workspace",
			}
		}
		e.Mode, e.Link, e.Size = fs.ModeSymlink|0o777, f.Link, int64(len(f.Link))
		return e, nil
	case f.Mode&0o111 != 0:
		e.Mode = 0o755
	}
	if f.Source == "" {
		e.Size = int64(len(f.Content))
	}
	hash := f.Hash
	switch {
	case hash != "":
	case f.Source == "":
		hash = fmt.Sprintf("sha256:%x", sha256.Sum256(f.Content))
	default:
		return Entry{}, fmt.Errorf("file %s has no hash", f.Name)
	}
	sum := sha256.Sum256([]byte(hash))
	e.Key = hex.EncodeToString(sum[:16])
	return e, nil
}

// inside reports whether a cleaned path stays below the root it is relative to.
func inside(name string) bool { return name != ".." && !strings.HasPrefix(name, "../") }

// throughLinks follows the links among name's folders.
func throughLinks(name string, links map[string]string) (string, error) {
	for range 40 { // Linux's own limit on links in a path.
		at := -1
		for i := range len(name) {
			if name[i] == '/' && links[name[:i]] != "" {
				at = i
				break
			}
		}
		if at < 0 {
			return name, nil
		}
		name = path.Join(path.Dir(name[:at]), links[name[:at]], name[at+1:])
	}
	return "", fmt.Errorf("file %s: too many symbolic links in its path", name)
}

// unique drops repetitions from sorted entries.
func unique(entries []Entry) ([]Entry, error) {
	kept := entries[:0]
	for _, e := range entries {
		if len(kept) > 0 {
			last := &kept[len(kept)-1]
			if last.Name == e.Name {
				if last.Key != e.Key || last.Link != e.Link {
					return nil, fmt.Errorf("two different files are both named %s", e.Name)
				}
				last.Mode = max(last.Mode, e.Mode)
				continue
			}
		}
		kept = append(kept, e)
	}
	folders := map[string]string{}
	last := ""
	for i := range kept {
		dir := folder(kept[i].Name)
		if dir == last {
			continue // as most neighbours' is
		}
		last = dir
		for ; dir != "" && folders[dir] == ""; dir = folder(dir) {
			folders[dir] = kept[i].Name
		}
	}
	for i := range kept {
		if inner := folders[kept[i].Name]; inner != "" {
			return nil, fmt.Errorf("%s is both a file and the folder of %s", kept[i].Name, inner)
		}
	}
	return kept, nil
}

// folder is a clean name's folder, empty at the root.
func folder(name string) string { return name[:max(0, strings.LastIndexByte(name, '/'))] }

// Digest identifies an archive by the names, modes and contents of its entries
// without reading a byte of them: a SHA-256 in hexadecimal.
func Digest(entries []Entry) string {
	h := sha256.New()
	var line []byte
	for i := range entries {
		e := &entries[i]
		line = strconv.AppendUint(line[:0], uint64(e.Mode.Perm()), 8)
		line = strconv.AppendInt(append(line, ' '), e.Size, 10)
		for _, text := range []string{e.Key, e.Name, e.Link} {
			line = append(append(line, 0), text...)
		}
		h.Write(append(line, 0))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Unzipped is the size of the extracted entries in bytes, as Lambda counts it.
func Unzipped(entries []Entry) int64 {
	var n int64
	for i := range entries {
		n += entries[i].Size
	}
	return n
}
