package tests_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// dripRoute is a route that the shop does not have: one that streams for longer
// than it may run.
const dripRoute = `import { pause } from '@/lib/pause'

export const dynamic = 'force-dynamic'
export const maxDuration = 2

export function GET() {
  const encoder = new TextEncoder()
  const stream = new ReadableStream({
    async start(controller) {
      for (let drop = 1; drop <= 300; drop++) {
        controller.enqueue(encoder.encode('drop ' + drop + '\n'))
        await pause(100)
      }
      controller.close()
    },
  })
  return new Response(stream, { headers: { 'Content-Type': 'text/plain' } })
}
`

// clone is the shop in another folder, as git leaves it, with one route more.
// Its first `pack serve` has everything to do.
type clone struct {
	folder string
	first  *server
}

var theClone = sync.OnceValues(func() (*clone, error) {
	c := &clone{folder: filepath.Join(root, "clone")}
	if err := copySource(c.folder); err != nil {
		return nil, err
	}
	route := filepath.Join(c.folder, "app", "api", "drip", "route.ts")
	if err := os.MkdirAll(filepath.Dir(route), 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(route, []byte(dripRoute), 0o644); err != nil {
		return nil, err
	}
	c.first = packServe(c.folder)
	if err := c.first.start(wholeLine); err != nil {
		return nil, err
	}
	if err := c.first.await(buildPatience); err != nil {
		return c, err
	}
	for _, made := range []string{"node_modules/next/package.json", ".next/BUILD_ID", ".pack/current"} {
		if _, err := os.Stat(filepath.Join(c.folder, made)); err != nil {
			return c, fmt.Errorf("after the first run: %w", err)
		}
	}
	return c, nil
})

// freshClone gives the clone, whose first server has been stopped.
func freshClone(t *testing.T) *clone {
	t.Helper()
	alone(t)
	c, err := theClone()
	if err == nil {
		err = c.first.stop()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestServeFromAFreshClone: one command installs, builds, packs and serves.
func TestServeFromAFreshClone(t *testing.T) {
	alone(t)
	c, err := theClone()
	if err != nil {
		t.Fatal(err)
	}
	if out := c.first.stdout.String(); strings.TrimSuffix(out, "\n") != c.first.url {
		t.Errorf("stdout of a first run is %q, want the URL %s alone", out, c.first.url)
	}
	s := servePack(t, freshClone(t).folder)
	s.must(t, get("/products/dune-mug"), http.StatusOK)

	t.Run("a stream beyond maxDuration breaks off", func(t *testing.T) {
		a, err := s.send(get("/api/drip"))
		if err == nil || a == nil || a.status != http.StatusOK || !strings.HasPrefix(a.body, "drop 1\ndrop 2\n") {
			t.Fatalf("a stream of 30 s with maxDuration = 2 ends with error %v, answer %+v", err, a)
		}
		if strings.Contains(a.body, "drop 200\n") {
			t.Errorf("the stream went on for %d bytes", len(a.body))
		}
	})
	t.Run("a changed source is built again", func(t *testing.T) {
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		page := filepath.Join(c.folder, "app", "about", "page.tsx")
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(page, []byte(strings.Replace(string(text), "<h1>", "<h1>Changed. ", 1)), 0o644); err != nil {
			t.Fatal(err)
		}
		s := packServe(c.folder)
		if err := s.start(wholeLine); err != nil {
			t.Fatal(err)
		}
		defer s.endWith(t)
		if err := s.await(buildPatience); err != nil {
			t.Fatal(err)
		}
		if a := s.must(t, get("/about"), http.StatusOK); !strings.Contains(a.body, "Changed. ") {
			t.Error("/about shows the page of before the change")
		}
	})
}
