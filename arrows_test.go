package pack_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// arrows say which folder may import which: docs/design.md, "Packages and the
// arrows between them". A trailing /… stands for a folder and all below it.
var arrows = map[string][]string{
	"cmd/pack": {"infra/…", "lambda/jobs", "lambda/local/…", "lambda/node", "lambda/purge", "lambda/queue/…", "lambda/refresh", "lambda/seeds", "lambda/state", "lambda/webhooks", "manifest/…", "s3cache"},
	"infra":    {"infra/…", "manifest"},
	"lambda":   {"lambda/…", "manifest", "s3cache/…"},
	"manifest": {"manifest"},
	"s3cache":  {"s3cache/…"},
}

func TestArrows(t *testing.T) {
	seen := make(map[string]bool)
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		for from, allowed := range arrows {
			if path != from && !strings.HasPrefix(path, from+"/") {
				continue
			}
			seen[from] = true
			for _, to := range imports(t, path) {
				if !permitted(to, allowed) {
					t.Errorf("%s imports pack/%s; %s may import %v", path, to, from, allowed)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for from := range arrows {
		if !seen[from] {
			t.Errorf("no file below %s was read", from)
		}
	}
}

// imports lists what a file imports of this module.
func imports(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		if own, ok := strings.CutPrefix(name, "pack/"); ok {
			list = append(list, own)
		}
	}
	return list
}

func permitted(to string, allowed []string) bool {
	for _, a := range allowed {
		folder, whole := strings.CutSuffix(a, "/…")
		if to == folder || whole && strings.HasPrefix(to, folder+"/") {
			return true
		}
	}
	return false
}
