package node_test

import (
	"os/exec"
	"testing"
)

func TestScripts(t *testing.T) {
	out, err := exec.Command("node", "--test", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("node --test: %v\n%s", err, out)
	}
}
