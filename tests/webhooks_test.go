package tests_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
)

// contentSecret is the shop's own, of its .env file.
const contentSecret = "kiln-dev-webhook-secret"

// webhook is a message as Sanity sends it.
func webhook(secret, body string, at time.Time) request {
	h := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(h, "%d.%s", at.UnixMilli(), body)
	return post("/_pack/webhooks/content", body, "Content-Type: application/json; charset=utf-8",
		fmt.Sprintf("sanity-webhook-signature: t=%d,v1=%s", at.UnixMilli(), base64.RawURLEncoding.EncodeToString(h.Sum(nil))))
}

func productWebhook(slug string, at time.Time) request {
	return webhook(contentSecret, fmt.Sprintf("{\n  \"_type\": \"product\",\r\n  \"slug\": {\"current\": %q},\n  \"title\": \"Krüge 🏺 \\u00fc\"\n}\n", slug), at)
}

// TestWebhookRefreshesWhatItNames: a signed webhook makes exactly the page that
// it is about render anew, once.
func TestWebhookRefreshesWhatItNames(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	const mug, bowl, store = "/products/dune-mug", "/products/tide-bowl", "/stores/faro"
	before, other, city := fresh(t, s, mug), fresh(t, s, bowl), fresh(t, s, store)
	same := func(path string, want *answer) {
		t.Helper()
		if a := s.must(t, get(path), http.StatusOK); a.body != want.body || cached(a) != "HIT" {
			t.Errorf("%s is a %s that differs from before", path, cached(a))
		}
	}
	for name, q := range map[string]request{
		"unsigned":       post("/_pack/webhooks/content", `{"_type":"product","slug":{"current":"dune-mug"}}`),
		"another secret": webhook("guessed", `{"_type":"product","slug":{"current":"dune-mug"}}`, time.Now()),
		"old":            productWebhook("dune-mug", time.Now().Add(-6*time.Minute)),
	} {
		if a := s.must(t, q, http.StatusUnauthorized); a.body != "unauthorized\n" {
			t.Errorf("%s: %q", name, a.body)
		}
	}
	same(mug, before)

	message := productWebhook("dune-mug", time.Now())
	s.must(t, message, http.StatusAccepted)
	now := s.must(t, get(mug), http.StatusOK)
	if renderedAt(t, now) <= renderedAt(t, before) || checkedAt(t, now) <= checkedAt(t, before) {
		t.Errorf("after the webhook the page is that of %s with data of %s, as before (%s)", renderedAt(t, now), checkedAt(t, now), cached(now))
	}
	now = fresh(t, s, mug)
	same(bowl, other)
	same(store, city)
	s.must(t, message, http.StatusAccepted) // A replay.
	same(mug, now)

	// A page of the Pages Router, by its path.
	s.must(t, webhook(contentSecret, `{"_type":"store","slug":{"current":"faro"}}`, time.Now()), http.StatusAccepted)
	if a := s.must(t, get(store), http.StatusOK); !strings.Contains(a.header.Get("Cache-Status"), "fwd=") {
		t.Errorf("%s after its webhook: %s", store, a.header.Get("Cache-Status"))
	}
	s.must(t, webhook(contentSecret, `{"_type":"page","slug":{"current":"dune-mug"}}`, time.Now()), http.StatusAccepted)
	same(mug, now)
	same(bowl, other)
	s.must(t, post("/_pack/webhooks/nothing", "{}"), http.StatusNotFound)
	s.must(t, get("/_pack/webhooks/content"), http.StatusMethodNotAllowed)
}

// TestBurstOfWebhooks: many messages about few pages are one render a page.
func TestBurstOfWebhooks(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	slugs := []string{"dune-mug", "tide-bowl", "reed-vase", "moss-tumbler"}
	before := map[string]*answer{}
	for _, slug := range slugs {
		before[slug] = fresh(t, s, "/products/"+slug)
	}
	const senders, each = 8, 15
	began := time.Now()
	var done sync.WaitGroup
	for sender := range senders {
		done.Go(func() {
			for i := range each {
				at := began.Add(time.Duration(sender*each+i) * time.Millisecond) // No two are the same message.
				a, err := s.send(productWebhook(slugs[(sender+i)%len(slugs)], at))
				if err != nil || a.status != http.StatusAccepted {
					t.Errorf("webhook %d of sender %d: %v, %v", i, sender, a, err)
				}
			}
		})
	}
	done.Wait()
	for _, slug := range slugs {
		first := s.must(t, get("/products/"+slug), http.StatusOK)
		if renderedAt(t, first) <= renderedAt(t, before[slug]) {
			t.Errorf("%s is that of before the webhooks", slug)
		}
		for range 3 {
			if a := s.must(t, get("/products/"+slug), http.StatusOK); renderedAt(t, a) != renderedAt(t, first) {
				t.Errorf("%s was rendered again at %s, after %s", slug, renderedAt(t, a), renderedAt(t, first))
			}
		}
	}
}
