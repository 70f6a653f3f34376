package s3store_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"pack/s3cache"
	"pack/s3cache/s3store"
	"pack/tests/awsservers"
)

// A store finds out by any answer, also one that says "not found" or "not modified",
// how far the clock of S3 is ahead, and follows when that changes.
func TestClock(t *testing.T) {
	server := awsservers.S3(t)
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var ahead atomic.Int64
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = func(answer *http.Response) error {
		now := time.Now().Add(time.Duration(ahead.Load())).UTC()
		answer.Header.Set("Date", now.Format(http.TimeFormat))
		return nil
	}
	way := httptest.NewServer(proxy)
	defer way.Close()
	config := server.Config
	config.BaseEndpoint = &way.URL
	bucket := awsservers.NewBucket(t, server)
	for name, ask := range map[string]func(store s3cache.Store, etag string) error{
		"not found": func(store s3cache.Store, _ string) error {
			_, err := store.Get(t.Context(), "never", "")
			return err
		},
		"written": func(store s3cache.Store, _ string) error {
			_, err := store.Put(t.Context(), "k", []byte("body"), s3cache.Condition{})
			return err
		},
		"not modified": func(store s3cache.Store, etag string) error {
			_, err := store.Get(t.Context(), "k", etag)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			store := open(t, s3store.Options{Client: client(awsservers.Server{Config: config}), Bucket: bucket})
			if ahead, known := store.Offset(); ahead != 0 || known {
				t.Errorf("knows of %v before it asked", ahead)
			}
			etag := write(t, open(t, s3store.Options{Client: client(server), Bucket: bucket}), "body", s3cache.Condition{})
			for _, step := range []struct{ ahead, least, most time.Duration }{
				{0, 0, 0}, {500 * time.Millisecond, 0, 0}, {-500 * time.Millisecond, 0, 0},
				{5 * time.Minute, 298 * time.Second, 302 * time.Second},
				{-5 * time.Minute, -302 * time.Second, -298 * time.Second},
				{0, 0, 0}, {4 * time.Second, 0, 0}, {20 * time.Second, 18 * time.Second, 22 * time.Second}, {0, 0, 0},
			} {
				ahead.Store(int64(step.ahead))
				if err := ask(store, etag); err != nil && !errors.Is(err, s3cache.ErrNotFound) && !errors.Is(err, s3cache.ErrNotModified) {
					t.Fatal(err)
				}
				if got, known := store.Offset(); got < step.least || got > step.most || !known {
					t.Errorf("%v ahead: the offset is %v (%v)", step.ahead, got, known)
				}
			}
		})
	}
}
