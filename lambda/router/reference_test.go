package router_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// referenceFolder holds Next's own router and the scripts that drive it.
var referenceFolder = filepath.Join("..", "..", "tests", "routing")

// installReference installs the pinned packages, once per test run and only
// when they are not there yet.
var installReference = sync.OnceValue(func() error {
	installed := filepath.Join(referenceFolder, "node_modules", "@next", "routing", "package.json")
	if _, err := os.Stat(installed); err == nil {
		return nil
	}
	command := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts")
	command.Dir = referenceFolder
	command.Stderr = os.Stderr
	return command.Run()
})

// ask runs one of the scripts on lines of JSON and decodes its answers.
func ask[Question, Answer any](t *testing.T, script string, head any, questions []Question) []Answer {
	t.Helper()
	if err := installReference(); err != nil {
		t.Fatalf("install %s: %v", referenceFolder, err)
	}
	var input bytes.Buffer
	encoder := json.NewEncoder(&input)
	if head != nil {
		if err := encoder.Encode(head); err != nil {
			t.Fatal(err)
		}
	}
	for _, question := range questions {
		if err := encoder.Encode(question); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.Command("node", script)
	command.Dir = referenceFolder
	command.Stdin = &input
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatalf("run %s: %v", script, err)
	}
	decoder := json.NewDecoder(bytes.NewReader(output))
	answers := make([]Answer, len(questions))
	for i := range answers {
		if err := decoder.Decode(&answers[i]); err != nil {
			t.Fatalf("%s: answer %d of %d: %v", script, i, len(questions), err)
		}
	}
	return answers
}
