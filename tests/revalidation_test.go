package tests_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var checkedTime = regexp.MustCompile(`stock-checked-at[^0-9]{1,40}(20\d\d-[0-9T:.-]+Z)`)

// checkedAt is when the data behind a product page was read.
func checkedAt(t testing.TB, a *answer) string {
	t.Helper()
	found := checkedTime.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("no stock-checked-at in a body of %d bytes", len(a.body))
	}
	return found[1]
}

// fresh asks until a page is a HIT twice with the same render, so that no
// refresh of it is under way.
func fresh(t *testing.T, s *server, path string) *answer {
	t.Helper()
	var last *answer
	eventually(t, 30*time.Second, func() string {
		a := s.must(t, get(path), http.StatusOK)
		settled := last != nil && cached(a) == "HIT" && a.body == last.body
		last = a
		if !settled {
			return fmt.Sprintf("%s is a %s, and does not settle", path, cached(a))
		}
		return ""
	})
	return last
}

// changes waits for another render of a page and returns it.
func changes(t *testing.T, s *server, path, since string) *answer {
	t.Helper()
	var now *answer
	eventually(t, 20*time.Second, func() string {
		now = s.must(t, get(path), http.StatusOK)
		if renderedAt(t, now) <= since {
			return fmt.Sprintf("%s is still that of %s", path, since)
		}
		return ""
	})
	return now
}

// refresh asks the shop to refresh by tag or path.
func refresh(t *testing.T, s *server, body string) {
	t.Helper()
	a := s.must(t, post("/api/refresh?secret="+refreshToken, body, "Content-Type: application/json"), http.StatusOK)
	if !strings.Contains(a.body, `"revalidated":true`) {
		t.Fatalf("refresh %s: %s", body, a.body)
	}
}

func TestRevalidateByTag(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	const mug, bowl = "/products/dune-mug", "/products/tide-bowl"
	before, other := fresh(t, s, mug), fresh(t, s, bowl)

	t.Run("now", func(t *testing.T) {
		refresh(t, s, `{"tag":"product:dune-mug","mode":"now"}`)
		a := s.must(t, get(mug), http.StatusOK)
		if renderedAt(t, a) <= renderedAt(t, before) || checkedAt(t, a) <= checkedAt(t, before) {
			t.Errorf("after an expired tag the page shows %s and data of %s, as before (%s)", renderedAt(t, a), checkedAt(t, a), cached(a))
		}
		payload := s.must(t, get(mug+"?_rsc", "RSC: 1"), http.StatusOK)
		if renderedAt(t, payload) != renderedAt(t, a) {
			t.Errorf("HTML was rendered at %s, the payload at %s", renderedAt(t, a), renderedAt(t, payload))
		}
		before = a
	})
	t.Run("max", func(t *testing.T) {
		refresh(t, s, `{"tag":"product:dune-mug","mode":"max"}`)
		a := s.must(t, get(mug), http.StatusOK)
		if renderedAt(t, a) != renderedAt(t, before) || cached(a) != "STALE" {
			t.Errorf("after a stale tag the first answer is a %s of %s, want the STALE page of %s", cached(a), renderedAt(t, a), renderedAt(t, before))
		}
		a = changes(t, s, mug, renderedAt(t, before))
		// The data behind it may be a render later: Next gives it stale, too.
		eventually(t, 20*time.Second, func() string {
			if a = s.must(t, get(mug), http.StatusOK); checkedAt(t, a) <= checkedAt(t, before) {
				refresh(t, s, `{"path":"`+mug+`"}`)
				return "the page shows data of " + checkedAt(t, a) + ", from before the tag went stale"
			}
			return ""
		})
	})
	t.Run("path", func(t *testing.T) {
		before := fresh(t, s, mug)
		refresh(t, s, `{"path":"`+mug+`"}`)
		if a := s.must(t, get(mug), http.StatusOK); renderedAt(t, a) <= renderedAt(t, before) {
			t.Errorf("after revalidatePath the page is still that of %s (%s)", renderedAt(t, before), cached(a))
		}
	})
	t.Run("others stay", func(t *testing.T) {
		a := s.must(t, get(bowl), http.StatusOK)
		if cached(a) == "HIT" && a.body != other.body {
			t.Errorf("%s changed with another product's tag", bowl)
		}
	})
	t.Run("a tag of many pages", func(t *testing.T) {
		refresh(t, s, `{"tag":"catalog","mode":"now"}`)
		if a := s.must(t, get(bowl), http.StatusOK); renderedAt(t, a) <= renderedAt(t, other) {
			t.Errorf("%s is still that of %s", bowl, renderedAt(t, other))
		}
		if a := s.must(t, get("/categories/cups"), http.StatusOK); cached(a) == "HIT" {
			t.Error("/categories/cups is a HIT after its tag expired")
		}
	})
}

// TestRevalidateThroughTheAPI follows Next's own guide to on-demand ISR.
func TestRevalidateThroughTheAPI(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	const page = "/products/reed-vase"
	before := fresh(t, s, page)
	if a := s.must(t, get("/api/revalidate?secret=wrong&path="+page), http.StatusUnauthorized); a.body != `{"message":"Invalid token"}` {
		t.Errorf("without the token the body is %s", a.body)
	}
	if a := s.must(t, get(page), http.StatusOK); renderedAt(t, a) != renderedAt(t, before) {
		t.Error("the page changed without the token")
	}
	for range 3 {
		if a := s.must(t, get("/api/revalidate?secret="+refreshToken+"&path="+page), http.StatusOK); a.body != `{"revalidated":true}` {
			t.Fatalf("with the token the body is %s", a.body)
		}
		a := s.must(t, get(page), http.StatusOK)
		if renderedAt(t, a) <= renderedAt(t, before) || cached(a) != "HIT" {
			t.Fatalf("after the revalidation the page is a %s of %s; before: %s", cached(a), renderedAt(t, a), renderedAt(t, before))
		}
		before = a
	}
	s.must(t, get("/api/revalidate?secret="+refreshToken+"&path=/stores/faro"), http.StatusOK)
	if a := s.must(t, get("/stores/faro"), http.StatusOK); cached(a) != "HIT" {
		t.Errorf("/stores/faro is a %s after it was revalidated, want HIT", cached(a))
	}
}

// TestFailedRefreshKeepsThePage: a page whose code has come to fail is given
// as it was.
func TestFailedRefreshKeepsThePage(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	fresh(t, s, "/products/moss-tumbler")
	content := filepath.Join(s.routeFolder(t, "/products/moss-tumbler", "product:moss-tumbler"), "content", "glaze-notes.json")
	aside := content + ".aside"
	if err := os.Rename(content, aside); err != nil {
		t.Fatal(err)
	}
	restore := func() { _ = os.Rename(aside, content) }
	defer restore()
	old := renderedAt(t, s.must(t, get("/products/moss-tumbler"), http.StatusOK))
	refresh(t, s, `{"tag":"product:moss-tumbler","mode":"now"}`)
	for range 3 {
		a := s.must(t, get("/products/moss-tumbler"), http.StatusOK)
		if at := renderedAt(t, a); at != old {
			t.Errorf("the page is that of %s, want the one of %s from before its code failed", at, old)
		}
	}
	if a, err := s.send(get("/products/clay-cake-stand")); err != nil || a.status != http.StatusInternalServerError {
		t.Errorf("a page that has never been rendered answers %v, %v while its code fails, want 500", a, err)
	}
	restore()
	changes(t, s, "/products/moss-tumbler", old)
	s.must(t, get("/products/clay-cake-stand"), http.StatusOK)
}

// routeFolder has a page rendered and returns the folder that its function
// runs in.
func (s *server) routeFolder(t *testing.T, path, tag string) string {
	t.Helper()
	refresh(t, s, `{"tag":"`+tag+`","mode":"now"}`)
	s.must(t, get(path), http.StatusOK)
	for _, p := range s.instances(t, "") {
		if _, err := os.Stat(filepath.Join(p.folder, "content", "glaze-notes.json")); err == nil &&
			strings.Contains(p.variable("AWS_LAMBDA_FUNCTION_NAME"), "product") {
			return p.folder
		}
	}
	t.Fatalf("no instance of the function of %s holds content/glaze-notes.json: %v", path, s.instances(t, ""))
	return ""
}
