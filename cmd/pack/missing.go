package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
)

// missingFiles passes logs of functions on, and tells after a line in which code
// does not find a file of the app that it is not in the function: the code's own
// message says only that there is none, and under `next dev` there was.
type missingFiles struct {
	w io.Writer
	// app is the app's folder, root what its functions' folders correspond to: the
	// root of its repository.
	app, root string

	mu   sync.Mutex
	told map[string]bool
}

func newMissingFiles(w io.Writer, app, projectDir string) *missingFiles {
	root, err := filepath.Abs(app)
	if err != nil {
		root = filepath.Clean(app) // Files in it are found all the same.
	}
	if rest, ok := strings.CutSuffix(root, filepath.FromSlash("/"+projectDir)); ok {
		root = rest
	}
	return &missingFiles{w: w, app: app, root: root, told: make(map[string]bool)}
}

var (
	// notOpened is Node's message; the path is as the code wrote it.
	notOpened = regexp.MustCompile(`ENOENT: no such file or directory, \w+ '([^'/][^']*)'`)
	// unpacked is a path in the folder of a function.
	unpacked = regexp.MustCompile(`(/\S*?/run/[0-9a-f]{64})/([^\s'"():,]+)`)
)

// Write gets whole lines.
func (m *missingFiles) Write(line []byte) (int, error) {
	n, err := m.w.Write(line)
	if name := m.missing(string(line)); name != "" && err == nil {
		prefix, _, _ := strings.Cut(string(line), " ")
		_, err = io.WriteString(m.w, prefix+" pack: "+name+" is in the app and not in this function: Next did not see that it is read; "+
			"name it in outputFileTracingIncludes of next.config\n")
	}
	return n, err
}

// missing is a file that a line says is not there, though the app has it, once for
// each function and file.
func (m *missingFiles) missing(line string) string {
	var name, place string
	if found := notOpened.FindStringSubmatch(line); found != nil {
		name, place = found[1], filepath.Join(m.app, found[1])
	} else if found := unpacked.FindStringSubmatch(line); found != nil {
		if _, err := os.Stat(filepath.Join(found[1], found[2])); err == nil {
			return "" // A stack names files that are there.
		}
		name, place = found[2], filepath.Join(m.root, found[2])
	}
	if name == "" || strings.HasPrefix(name, ".") || strings.Contains(name, "..") {
		return ""
	}
	if _, err := os.Stat(place); err != nil {
		return ""
	}
	function, _, _ := strings.Cut(line, "[")
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.told[function+" "+name] {
		return ""
	}
	m.told[function+" "+name] = true
	return name
}
