package capture_test

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// TestAdapter runs the adapter's own tests.
func TestAdapter(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("this test needs node on PATH")
	}
	cmd := exec.Command(node, "--test", filepath.Join("adapter", "adapter.test.cjs"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
