package compiled_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"pack/lambda/compiled"
	"pack/s3cache"
)

func cache(t *testing.T) *compiled.Cache {
	t.Helper()
	store, err := s3cache.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &compiled.Cache{Objects: store, Key: compiled.Key("shop-cart", "7", "/no/node")}
}

func TestWhatOneInstanceCompilesTheNextOneHas(t *testing.T) {
	c := cache(t)
	if code, err := c.Fetch(t.Context()); err != nil || code != nil {
		t.Fatalf("before anything was kept: %q, %v", code, err)
	}
	for _, code := range [][]byte{[]byte("one"), bytes.Repeat([]byte("another"), 100_000)} {
		if err := c.Keep(t.Context(), code); err != nil {
			t.Fatal(err)
		}
		if got, err := c.Fetch(t.Context()); err != nil || !bytes.Equal(got, code) {
			t.Errorf("%d bytes came of %d: %v", len(got), len(code), err)
		}
	}
}

func TestANewVersionBeginsWithAnother(t *testing.T) {
	one := cache(t)
	any := compiled.Key("shop-cart", compiled.AnyVersion, "/no/node")
	one.Any = any
	two := &compiled.Cache{Objects: one.Objects, Key: compiled.Key("shop-cart", "8", "/no/node"), Any: any}
	alone := &compiled.Cache{Objects: one.Objects, Key: two.Key}
	other := &compiled.Cache{Objects: one.Objects, Key: compiled.Key("shop-about", "8", "/no/node"), Any: compiled.Key("shop-about", compiled.AnyVersion, "/no/node")}
	fetched := func(c *compiled.Cache) string {
		t.Helper()
		code, err := c.Fetch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return string(code)
	}
	keep := func(c *compiled.Cache, code string) {
		t.Helper()
		if err := c.Keep(t.Context(), []byte(code)); err != nil {
			t.Fatal(err)
		}
	}
	keep(one, "of one")
	if fetched(two) != "of one" || fetched(alone) != "" || fetched(other) != "" {
		t.Errorf("a new version has %q, one without others %q, another function's %q", fetched(two), fetched(alone), fetched(other))
	}
	keep(two, "of two")
	if fetched(one) != "of one" || fetched(two) != "of two" {
		t.Errorf("they have %q and %q", fetched(one), fetched(two))
	}
}

func TestNodesDiffer(t *testing.T) {
	program := filepath.Join(t.TempDir(), "node")
	if err := os.WriteFile(program, []byte("one"), 0o755); err != nil {
		t.Fatal(err)
	}
	one := compiled.Key("f", "1", program)
	if err := os.WriteFile(program, []byte("another"), 0o755); err != nil {
		t.Fatal(err)
	}
	if other := compiled.Key("f", "1", program); one == other || one == compiled.Key("f", "2", program) || one == compiled.Key("g", "1", program) {
		t.Errorf("keys are the same: %s, %s", one, other)
	}
}

// What is damaged never reaches V8.
func TestDamagedObjects(t *testing.T) {
	c := cache(t)
	if err := c.Keep(t.Context(), []byte("what V8 has compiled")); err != nil {
		t.Fatal(err)
	}
	object, err := c.Objects.Get(t.Context(), c.Key, "")
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Clone(object.Body)
	changed[len(changed)/2] ^= 1
	for name, body := range map[string][]byte{"changed": changed, "cut": object.Body[:len(object.Body)-1], "nearly nothing": object.Body[:3], "nothing": {}} {
		if _, err := c.Objects.Put(t.Context(), c.Key, body, s3cache.Condition{}); err != nil {
			t.Fatal(err)
		}
		if code, err := c.Fetch(t.Context()); err == nil || code != nil {
			t.Errorf("%s: %q, %v", name, code, err)
		}
	}
}

func TestTooMuchIsNotKept(t *testing.T) {
	c := cache(t)
	if err := c.Keep(t.Context(), make([]byte, 65<<20)); err == nil {
		t.Error("kept")
	}
	if code, err := c.Fetch(t.Context()); err != nil || code != nil {
		t.Errorf("%d bytes, %v", len(code), err)
	}
}

// silent is a store that never answers.
type silent struct{ s3cache.Store }

func (silent) Get(ctx context.Context, _, _ string) (*s3cache.Object, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// The Node process waits for it: it must not wait long.
func TestFetchingIsBounded(t *testing.T) {
	for share, want := range map[float64]time.Duration{0: 250 * time.Millisecond, 0.5: 500 * time.Millisecond, 2: 250 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			c := compiled.Cache{Objects: silent{}, Key: "k", Share: share}
			if _, err := c.Fetch(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("fetched: %v", err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("with %v processors it took %v, want %v", share, took, want)
			}
		})
	}
}
