package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// Which machines a function fits is decided by families: binaries whose paths
// differ in nothing but the names of platforms, such as
// @img/sharp-linux-x64/lib/sharp-linux-x64.node and its darwin-arm64 sibling,
// or the files of one prebuilds folder. A package loads one of a family and
// leaves the others alone, so a family fits a machine if any of it does, and a
// foreign binary beside one that fits does no harm. A family of which nothing
// fits is refused: the package was installed for another system.

// platformWords are the parts of names that tell platforms apart.
var platformWords = map[string]bool{
	"linux": true, "linuxmusl": true, "darwin": true, "macos": true, "osx": true, "win32": true, "windows": true,
	"freebsd": true, "openbsd": true, "netbsd": true, "android": true, "sunos": true, "aix": true,
	"x64": true, "x86": true, "x86_64": true, "64": true, "ia32": true, "amd64": true, "arm64": true, "aarch64": true,
	"arm": true, "armv6": true, "armv7": true, "armv7l": true, "armv8": true, "armhf": true, "ppc64": true, "ppc64le": true,
	"s390x": true, "riscv64": true, "loong64": true, "loongarch64": true, "universal": true,
	"musl": true, "glibc": true, "gnu": true, "msvc": true, "gnueabihf": true, "musleabihf": true,
	"dll": true, "dylib": true, "so": true, "exe": true,
}

// onlyOnMac are packages that every other system does without: they are
// installed on a Mac, and nothing asks for them in a function.
var onlyOnMac = []string{"fsevents"}

// familyOf gives a path without the names of platforms and without the marks
// before them: a package may name what only one system has to tell apart, as in
// prebuilds/linux-x64/bcrypt.glibc.node and prebuilds/darwin-arm64/bcrypt.node.
func familyOf(name string) string {
	var b strings.Builder
	mark := ""
	for len(name) > 0 {
		end := strings.IndexFunc(name, func(r rune) bool { return strings.ContainsRune("/-._@", r) })
		word, next := name, ""
		if end >= 0 {
			word, next = name[:end], name[end:end+1]
		}
		name = name[len(word)+len(next):]
		if !platformWords[strings.ToLower(word)] {
			b.WriteString(mark + word)
		} else if mark == "/" {
			b.WriteString(mark)
		}
		mark = next
	}
	return b.String() + mark
}

// fits says whether Lambda on the machine runs the binary.
func (b *Binary) fits(a Architecture) bool {
	return b.Format == "elf" && !b.Musl && (b.Machine == string(a) || b.Machine == "any")
}

// family is what one package offers for one purpose.
type family struct {
	pkg      string
	binaries []*SourceFile
}

func (f *family) fits(a Architecture) bool {
	return slices.ContainsFunc(f.binaries, func(s *SourceFile) bool { return s.Binary.fits(a) })
}

// families sorts a function's binaries into families, in the order of names.
func families(files []*SourceFile) []*family {
	var list []*family
	byKey := map[string]*family{}
	for _, s := range files {
		pkg := packageOf(s.Name)
		if s.Binary == nil || slices.Contains(onlyOnMac, pkg) {
			continue
		}
		key := familyOf(s.Name)
		if byKey[key] == nil {
			byKey[key] = &family{pkg: pkg}
			list = append(list, byKey[key])
		}
		byKey[key].binaries = append(byKey[key].binaries, s)
	}
	return list
}

// chooseArchitecture gives the machine for a function's files: the wanted one,
// or arm64 unless a package only has a binary for x86-64. The second result
// names that package.
func chooseArchitecture(files []*SourceFile, want Architecture, where string) (Architecture, string, error) {
	all := families(files)
	misfit := func(a Architecture) *family {
		for _, f := range all {
			if !f.fits(a) {
				return f
			}
		}
		return nil
	}
	if want != "" {
		if f := misfit(want); f != nil {
			return "", "", foreign(f, want, where)
		}
		return want, "", nil
	}
	f := misfit(ARM64)
	if f == nil {
		return ARM64, "", nil
	}
	if g := misfit(X8664); g != nil {
		// Name the package that has nothing at all for Lambda, if there is one.
		for _, h := range all {
			if !h.fits(ARM64) && !h.fits(X8664) {
				g = h
				break
			}
		}
		return "", "", foreign(g, "", where)
	}
	return X8664, f.pkg, nil
}

// NodeModules is the version of the binary interface of the Node.js that functions
// run on AWS, 24: https://nodejs.org/en/download/releases.
const NodeModules = 137

// nodeReleases are the releases of Node.js by the version of their interface.
var nodeReleases = map[int]string{108: "18", 115: "20", 127: "22", NodeModules: "24"}

// strangers gives the packages whose addons no Node.js of Lambda's can load,
// with the Node.js that they were compiled for, sorted.
func strangers(files []SourceFile) (found [][2]string) {
	for i := range files {
		s := &files[i]
		if s.Binary == nil || s.Binary.NodeModules == 0 || s.Binary.NodeModules == NodeModules {
			continue
		}
		release, known := nodeReleases[s.Binary.NodeModules]
		if !known {
			release = fmt.Sprintf("another release (modules %d)", s.Binary.NodeModules)
		}
		if one := [2]string{packageOf(s.Name), release}; !slices.Contains(found, one) {
			found = append(found, one)
		}
	}
	return found
}

// foreign explains a family that does not fit.
func foreign(f *family, want Architecture, where string) error {
	s := f.binaries[0]
	e := &UserError{
		What: fmt.Sprintf("%s has no binary for Lambda", f.pkg), Where: where + "\n" + s.Name,
		Why: fmt.Sprintf("the binary is %s", s.Binary),
	}
	if want != "" {
		e.What = fmt.Sprintf("%s has no binary for %s", f.pkg, want)
	}
	switch {
	case f.fits(ARM64) || f.fits(X8664):
		e.Why += ", while another package of the function only fits the other architecture"
		if want != "" {
			e.Why = fmt.Sprintf("the binary is %s", s.Binary)
			e.Hint = "leave architecture out for this route, or install the package for both"
			return e
		}
		e.Hint = "install both packages for one architecture: npm install --os=linux --cpu=arm64 --libc=glibc"
	case s.Binary.Musl:
		e.Hint = "install the dependencies on a system with glibc, or with npm install --libc=glibc: Alpine's C library is musl"
	default:
		e.Hint = "build on Linux, or install the package for it: npm install --os=linux --cpu=arm64 --libc=glibc"
	}
	return e
}

// String names the binary as people do.
func (b *Binary) String() string {
	system := map[string]string{"elf": "Linux", "macho": "macOS", "pe": "Windows"}[b.Format]
	if b.Musl {
		system += " with musl"
	}
	return fmt.Sprintf("for %s on %s", system, b.Machine)
}
