package function_test

import (
	"context"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/event"
	"pack/lambda/function"
	"pack/lambda/node"
	"pack/manifest"
)

// asking asks for a page of its own name while it is answered, and once more when
// the next request comes, as work does that nobody waits for.
const asking = `
let left
exports.handler = async (req, res) => {
  const get = (key) => globalThis[Symbol.for('pack.channel')].call({ op: 'get', key, fetch: false, tags: [] })
  await left?.()
  const resource = new (require('node:async_hooks').AsyncResource)('left')
  left = () => resource.runInAsyncScope(() => get(req.url + ' later'))
  await get(req.url)
  res.end('ok')
}
`

// callers is a platform that has nothing and notes who asks for it.
type callers struct {
	node.Platform
	asked map[string]node.Caller
}

func (c *callers) Get(ctx context.Context, key string, _ bool, _ []string) (*node.CacheValue, error) {
	c.asked[key] = node.CallerOf(ctx)
	return nil, nil
}

// TestCaller: what Next asks for is asked for the release whose request it is, also
// when that is answered long since and the function works for another one.
func TestCaller(t *testing.T) {
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("node is needed: ", err)
	}
	scripts, err := filepath.Abs("../node")
	if err != nil {
		t.Fatal(err)
	}
	p := &callers{asked: map[string]node.Caller{}}
	f, err := function.New(t.Context(), function.Options{
		Document: &manifest.FunctionDocument{
			App: manifest.App{ProjectDir: "shop"},
			Function: manifest.Function{MaxDuration: 30, Entries: []manifest.Entry{
				{File: "shop/.next/server/app/r.js", Type: "APP_ROUTE", Page: "/r/[id]/route", Pathname: "/r/[id]"},
			}},
		},
		Node:     node.Options{Node: program, Scripts: scripts, Root: archive(t, asking)},
		Platform: p,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	one, two := node.Caller{Deployment: "one", Gateway: "gateway:1"}, node.Caller{Deployment: "two", Gateway: "gateway:2"}
	for _, c := range []struct {
		path string
		call *event.Call
	}{{"/r/one", &event.Call{Deployment: "one", Gateway: "gateway:1"}}, {"/r/two", &event.Call{Deployment: "two", Gateway: "gateway:2"}}, {"/r/none", nil}} {
		if a := call(t, f, http.MethodGet, c.path, "", c.call); a.status != http.StatusOK {
			t.Fatalf("%+v", a)
		}
	}
	want := map[string]node.Caller{"/r/one": one, "/r/one later": one, "/r/two": two, "/r/two later": two, "/r/none": {}}
	if d := cmp.Diff(want, p.asked); d != "" {
		t.Error(d)
	}
}
