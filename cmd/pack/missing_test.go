package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestMissingFiles(t *testing.T) {
	root := t.TempDir()
	function := filepath.Join(root, "apps", "web", ".pack", "run", strings.Repeat("0a", 32))
	for _, file := range []string{
		filepath.Join(root, "apps/web/fonts/a.ttf"), filepath.Join(root, "apps/web/i18n.config.js"), filepath.Join(root, "apps/web/there.js"),
		filepath.Join(function, "apps/web/there.js"),
	} {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	m := newMissingFiles(&out, filepath.Join(root, "apps", "web"), "apps/web")
	for _, c := range []struct{ line, name string }{
		{"pdf[1] Error: ENOENT: no such file or directory, open 'fonts/a.ttf'", "fonts/a.ttf"},
		{"pdf[2] Error: ENOENT: no such file or directory, open 'fonts/a.ttf'", ""}, // It has been told.
		{"og[1] Error: ENOENT: no such file or directory, open 'fonts/a.ttf'", "fonts/a.ttf"},
		{"og[1] Error: ENOENT: no such file or directory, open 'fonts/b.ttf'", ""}, // The app has none either.
		{"index[1] Error: no config at " + function + "/apps/web/i18n.config.js", "apps/web/i18n.config.js"},
		{"index[1]     at f (" + function + "/apps/web/there.js:1:2)", ""},
		{"index[1] nothing is missing", ""},
	} {
		out.Reset()
		fmt.Fprintln(m, c.line)
		want := c.line + "\n"
		if c.name != "" {
			want += c.line[:strings.Index(c.line, " ")] + " pack: " + c.name + " is in the app and not in this function"
		}
		if got := out.String(); !strings.HasPrefix(got, want) || c.name == "" && got != want || c.name != "" && !strings.Contains(got, "outputFileTracingIncludes") {
			t.Errorf("%s\ngives %s", c.line, got)
		}
	}
}
