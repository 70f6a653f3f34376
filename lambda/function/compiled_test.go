package function_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pack/lambda/compiled"
	"pack/lambda/function"
	"pack/lambda/node"
	"pack/manifest"
	"pack/s3cache"
	"pack/tests/runtimeclients"
)

// The first answer's code is kept, an error's is not, and the next instance's Node
// takes what was kept.
func TestCompiledCodeOutlivesTheInstance(t *testing.T) {
	installed, err := runtimeclients.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("../node")
	if err != nil {
		t.Fatal(err)
	}
	objects, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	root := archive(t, entry+strings.Repeat("exports.unused = () => [1, 2, 3].map((n) => n * 2)\n", 500))
	start := func() (*function.Function, *compiled.Cache, *lines) {
		c := &compiled.Cache{Objects: objects, Key: compiled.Key("f", "1", installed.Binary), Dir: filepath.Join(t.TempDir(), "compiled")}
		_, missing := objects.Get(t.Context(), c.Key, "")
		c.Fetch(func(err error) { t.Error(err) })
		for missing == nil { // What comes later than Node asks is of no use to it.
			if _, err := os.Stat(c.Dir); err == nil {
				break
			}
			time.Sleep(time.Millisecond)
		}
		log := &lines{}
		f, err := function.New(t.Context(), function.Options{
			Document: &manifest.FunctionDocument{
				App: manifest.App{ProjectDir: "shop"},
				Function: manifest.Function{MaxDuration: 30, Entries: []manifest.Entry{
					{File: "shop/.next/server/app/r.js", Type: "APP_ROUTE", Page: "/r/[id]/route", Pathname: "/r/[id]"},
				}},
			},
			Node:     node.Options{Node: installed.Binary, Scripts: scripts, Root: root, Stdout: log, Stderr: log, Env: []string{"NODE_DEBUG_NATIVE=COMPILE_CACHE"}},
			Compiled: c,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f, c, log
	}
	f, c, log := start()
	if a := call(t, f, http.MethodGet, "/r/1?notfound", "", nil); a.status != http.StatusNotFound {
		t.Fatalf("answer %+v", a)
	}
	if _, err := objects.Get(t.Context(), c.Key, ""); !errors.Is(err, s3cache.ErrNotFound) {
		t.Errorf("kept after an error: %v", err)
	}
	if a := call(t, f, http.MethodGet, "/r/1", "", nil); a.status != http.StatusOK {
		t.Fatalf("answer %+v", a)
	}
	if _, err := objects.Get(t.Context(), c.Key, ""); err != nil {
		t.Fatal(err)
	}
	if log.has(" was accepted") {
		t.Error("the first instance has code that was compiled before")
	}
	f, _, log = start()
	if a := call(t, f, http.MethodGet, "/r/1", "", nil); a.status != http.StatusOK {
		t.Fatalf("answer %+v", a)
	}
	if !log.has("r.js was accepted") {
		t.Errorf("the second instance compiles anew:\n%s", &log.b)
	}
}
