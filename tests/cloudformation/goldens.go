// Package cloudformation has what tests of several packages need of CloudFormation
// templates, and of the npm packages that read them.
package cloudformation

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// folder is the path of a folder of the repository.
func folder(t testing.TB, below ...string) string {
	t.Helper()
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		t.Fatal("the binary has no paths of its sources")
	}
	return filepath.Join(append([]string{filepath.Dir(file), "..", ".."}, below...)...)
}

// Goldens are the paths of infra/template's golden templates that match a pattern such
// as "shop/*.json", without Terraform's. There is one at least.
func Goldens(t testing.TB, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder(t, "infra", "template", "testdata", "golden"), pattern))
	files = slices.DeleteFunc(files, func(path string) bool { return strings.HasSuffix(path, ".tf.json") })
	if err != nil || len(files) == 0 {
		t.Fatal(pattern, err)
	}
	return files
}

// Types lists the types of the resources in templates, each once and sorted.
func Types(t testing.TB, files ...string) []string {
	t.Helper()
	types := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Resources map[string]struct{ Type string }
		}
		if err := json.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		for _, r := range template.Resources {
			types[r.Type] = true
		}
	}
	return slices.Sorted(maps.Keys(types))
}

// Install installs what the package-lock.json of a folder below tests pins, unless
// its node_modules is there, and returns the folder's path.
func Install(t testing.TB, name string) string {
	t.Helper()
	dir := folder(t, "tests", name)
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return dir
	}
	install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	install.Dir = dir
	if out, err := install.CombinedOutput(); err != nil {
		t.Fatalf("install %s: %v\n%s", dir, err, out)
	}
	return dir
}
