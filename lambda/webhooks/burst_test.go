package webhooks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"pack/lambda/event"
	"pack/lambda/gateway"
	"pack/lambda/webhooks"
	"pack/manifest"
	"pack/s3cache"
)

// shop is a gateway with seven cached product pages and a webhook. Its function
// renders what revision says.
type shop struct {
	gateway  *gateway.Gateway
	cache    *s3cache.Cache
	tags     *countedTags
	revision [7]atomic.Int64
	renders  [7]atomic.Int64
}

const products = 7

func path(product int) string { return fmt.Sprintf("/products/%d", product) }

func pageKey(product int) string { return "/route-cache/APP_PAGE/aa/$" + path(product) }

// countedTags counts the writes of a tag store.
type countedTags struct {
	s3cache.TagStore
	writes atomic.Int64
}

func (c *countedTags) Write(ctx context.Context, updates map[string]s3cache.Tag) error {
	c.writes.Add(int64(len(updates)))
	return c.TagStore.Write(ctx, updates)
}

func openShop(t *testing.T) *shop {
	t.Helper()
	store, tags, err := s3cache.OpenFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tags.Close() })
	s := &shop{tags: &countedTags{TagStore: tags}}
	s.cache = s3cache.New(s3cache.Options{Store: store, Tags: s.tags, Prefix: "d1"})
	d := &manifest.Deployment{
		Schema: manifest.DeploymentSchema, ID: "d1", BuildID: "b1", App: manifest.App{BypassToken: "0123456789abcdef"},
		Functions: []manifest.Function{{Name: "product", Kind: manifest.RouteFunction, MaxDuration: 10}},
		Webhooks:  []manifest.Webhook{planned(t, "cms", `"sender":"github","secrets":[{"env":"SECRET"}],"tags":["product:{id}"],"paths":["/products/{id}"]`)},
	}
	for product := range products {
		d.Outputs = append(d.Outputs, manifest.Output{Pathname: path(product), Type: "APP_PAGE", Function: "product", Entry: path(product)})
		d.Pages = append(d.Pages, manifest.Page{
			Pathname: path(product), Route: path(product), Kind: "APP_PAGE", Function: "product", Key: pageKey(product),
			Parts: []manifest.Part{{Pathname: path(product), Name: "html"}},
		})
	}
	hooks, err := webhooks.New(webhooks.Options{
		Webhooks: d.Webhooks, Env: func(string) string { return "secret" }, Revalidator: webhooks.NewPages(s.cache, nil),
		Deliveries: &webhooks.Memory{Store: store, Prefix: "d1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.gateway, err = gateway.New(gateway.Options{Deployment: d, Assets: fstest.MapFS{}, Cache: s.cache, Invoker: s, Webhooks: hooks})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Invoke stands for the Lambda service: it renders a product page and stores it
// as Next's cache handler would.
func (s *shop) Invoke(ctx context.Context, _ string, r *http.Request, _ *event.Call) (*http.Response, error) {
	var product int
	if _, err := fmt.Sscanf(r.URL.Path, "/products/%d", &product); err != nil {
		return nil, err
	}
	s.renders[product].Add(1)
	created := time.Now().UnixMilli()
	time.Sleep(2 * time.Millisecond) // Data is read after the render began.
	text := fmt.Sprintf("revision %d", s.revision[product].Load())
	_, err := s.cache.Store(ctx, s3cache.PageKey(pageKey(product)), &s3cache.Entry{
		Kind: s3cache.KindAppPage, Status: 200, Created: created,
		Tags:  []string{fmt.Sprintf("product:%d", product), "_N_T_" + path(product)},
		Parts: []s3cache.Part{{Name: s3cache.PartHTML, Body: []byte(text)}},
	})
	return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text))}, err
}

func (s *shop) get(product int) string {
	w := httptest.NewRecorder()
	s.gateway.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path(product), nil))
	return w.Body.String()
}

// publish changes a product and sends its webhook.
func (s *shop) publish(t *testing.T, product int, delivery string) {
	s.revision[product].Add(1)
	body := fmt.Sprintf(`{"id":%d}`, product)
	w := httptest.NewRecorder()
	s.gateway.ServeHTTP(w, post("/_pack/webhooks/cms", body, "X-Hub-Signature-256: sha256="+hexMAC("secret", body), "X-Github-Delivery: "+delivery))
	if w.Code != http.StatusAccepted {
		t.Errorf("webhook of product %d: %d %s", product, w.Code, w.Body)
	}
}

// TestBurstOfChanges: a thousand webhooks about seven pages are seven renders,
// and few writes of tags.
func TestBurstOfChanges(t *testing.T) {
	s := openShop(t)
	for product := range products {
		s.get(product)
		s.get(product)
	}
	var done sync.WaitGroup
	for worker := range 50 {
		done.Go(func() {
			for i := range 20 {
				s.publish(t, (20*worker+i)%products, fmt.Sprintf("%d-%d", worker, i))
			}
		})
	}
	done.Wait()
	writes := s.tags.writes.Load()
	for range 3 {
		for product := range products {
			done.Go(func() {
				if got, want := s.get(product), fmt.Sprintf("revision %d", s.revision[product].Load()); got != want {
					t.Errorf("product %d shows %q after its last webhook, want %q", product, got, want)
				}
			})
		}
		done.Wait()
	}
	for product := range products {
		if renders := s.renders[product].Load(); renders != 2 {
			t.Errorf("product %d was rendered %d times, want once before and once after the burst", product, renders)
		}
	}
	// Two tags a delivery, if each were written for itself.
	if writes == 0 || writes >= 2000 {
		t.Errorf("%d tags were written for 1,000 webhooks", writes)
	}
	t.Logf("%d tags written for 1,000 webhooks", writes)
}

// TestReadersDuringABurst: a page is rendered at most once for each time that
// its tags were written, however many read it meanwhile, and the last reader
// has the last revision.
func TestReadersDuringABurst(t *testing.T) {
	s := openShop(t)
	for product := range products {
		s.get(product)
	}
	before := s.tags.writes.Load()
	var readers, writers sync.WaitGroup
	var over atomic.Bool
	for reader := range 8 {
		readers.Go(func() {
			for i := reader; !over.Load(); i++ {
				s.get(i % products)
			}
		})
	}
	for worker := range 20 {
		writers.Go(func() {
			for i := range 20 {
				s.publish(t, (20*worker+i)%products, fmt.Sprintf("%d-%d", worker, i))
			}
		})
	}
	writers.Wait()
	over.Store(true)
	readers.Wait()
	var renders int64
	for product := range products {
		if got, want := s.get(product), fmt.Sprintf("revision %d", s.revision[product].Load()); got != want {
			t.Errorf("product %d shows %q after its last webhook, want %q", product, got, want)
		}
		renders += s.renders[product].Load()
	}
	// One tag write touches one page at most; the first and the last reading
	// may render each.
	if most := s.tags.writes.Load() - before + 2*products; renders > most {
		t.Errorf("%d renders for %d writes of tags", renders, most)
	}
	t.Logf("%d renders, %d tags written for 400 webhooks", renders, s.tags.writes.Load()-before)
}
