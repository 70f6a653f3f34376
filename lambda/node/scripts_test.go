package node_test

import (
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"pack/tests/runtimeclients"
)

// The scripts run on Lambda's Node and on the machine's, which may be older than
// what compiled.cjs needs.
func TestScripts(t *testing.T) {
	installed, err := runtimeclients.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all, err := filepath.Glob("*.test.cjs")
	if err != nil {
		t.Fatal(err)
	}
	older := slices.DeleteFunc(slices.Clone(all), func(file string) bool { return file == "compiled.test.cjs" })
	for program, files := range map[string][]string{installed.Binary: all, "node": older} {
		out, err := exec.Command(program, append([]string{"--test"}, files...)...).CombinedOutput()
		if err != nil {
			t.Errorf("%s --test: %v\n%s", program, err, out)
		}
	}
}
