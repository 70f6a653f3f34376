package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/node"
)

func TestScriptsAreReadAhead(t *testing.T) {
	root := t.TempDir()
	write := func(name string) {
		path := filepath.Join(root, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (names []string) {
		node.ReadAhead(root, func(file *os.File) {
			node.BeginReading(file)
			name, err := filepath.Rel(root, file.Name())
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, filepath.ToSlash(name))
		})
		return names
	}
	for _, name := range []string{".next/server/app/page.js", "node_modules/a/b.cjs", "node_modules/a/c.mjs", "node_modules/a/package.json", "node_modules/a/engine.node", "picture.png"} {
		write(name)
	}
	if err := os.Symlink(filepath.Join(root, "picture.png"), filepath.Join(root, "link.js")); err != nil {
		t.Fatal(err)
	}
	want := []string{".next/server/app/page.js", "node_modules/a/b.cjs", "node_modules/a/c.mjs", "node_modules/a/package.json"}
	if diff := cmp.Diff(want, read()); diff != "" {
		t.Error(diff)
	}
	for i := range node.MaxReadAhead {
		write(fmt.Sprintf("many/%d.js", i))
	}
	if n := len(read()); n != node.MaxReadAhead {
		t.Errorf("%d files of more than %d", n, node.MaxReadAhead)
	}
}
