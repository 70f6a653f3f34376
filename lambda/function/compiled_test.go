package function_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"pack/lambda/compiled"
	"pack/lambda/function"
	"pack/lambda/node"
	"pack/manifest"
	"pack/s3cache"
	"pack/tests/runtimeclients"
)

// counted is a store that counts what is written.
type counted struct {
	s3cache.Store
	puts atomic.Int32
}

func (c *counted) Put(ctx context.Context, key string, body []byte, condition s3cache.Condition) (string, error) {
	c.puts.Add(1)
	return c.Store.Put(ctx, key, body, condition)
}

// The first answer's code is kept, an error's is not, and the next instance's Node
// takes what was kept: else it would give its own.
func TestCompiledCodeOutlivesTheInstance(t *testing.T) {
	installed, err := runtimeclients.Install(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("../node")
	if err != nil {
		t.Fatal(err)
	}
	directory, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	objects := &counted{Store: directory}
	root := archive(t, entry+strings.Repeat("exports.unused = () => [1, 2, 3].map((n) => n * 2)\n", 500))
	c := &compiled.Cache{Objects: objects, Key: compiled.Key("f", "1", installed.Binary)}
	start := func() (*function.Function, *lines) {
		log := &lines{}
		f, err := function.New(t.Context(), function.Options{
			Document: &manifest.FunctionDocument{
				App: manifest.App{ProjectDir: "shop"},
				Function: manifest.Function{MaxDuration: 30, Entries: []manifest.Entry{
					{File: "shop/.next/server/app/r.js", Type: "APP_ROUTE", Page: "/r/[id]/route", Pathname: "/r/[id]"},
				}},
			},
			Node:     node.Options{Node: installed.Binary, Scripts: scripts, Root: root, Stdout: log, Stderr: log},
			Compiled: c,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(f.Close)
		return f, log
	}
	ask := func(f *function.Function, path string, status int, puts int32) {
		t.Helper()
		if a := call(t, f, http.MethodGet, path, "", nil); a.status != status {
			t.Fatalf("%s: answer %+v", path, a)
		}
		if n := objects.puts.Load(); n != puts {
			t.Errorf("%s: code was kept %d times, want %d", path, n, puts)
		}
	}
	f, log := start()
	ask(f, "/r/1?notfound", http.StatusNotFound, 0)
	ask(f, "/r/1", http.StatusOK, 1)
	ask(f, "/r/1", http.StatusOK, 1)
	if log.b.Len() > 0 {
		t.Errorf("the process writes:\n%s", &log.b)
	}
	f, _ = start()
	ask(f, "/r/1", http.StatusOK, 1)

	// What is damaged is neither taken nor in the way.
	if _, err := directory.Put(t.Context(), c.Key, []byte("damaged"), s3cache.Condition{}); err != nil {
		t.Fatal(err)
	}
	f, _ = start()
	ask(f, "/r/1", http.StatusOK, 2)
	f, _ = start()
	ask(f, "/r/1", http.StatusOK, 2)
}
