// Package storetest proves that implementations of s3cache's driver contracts keep them.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pack/s3cache"
)

// OpenStore opens one more handle on the same place; every handle must see what the
// others write.
type OpenStore func() s3cache.Store

// Allowance is a promise that a server of another maker does not let a Store keep,
// though the service which it stands for does. The suite fails where one is not needed.
type Allowance string

// DeletesAbsent: deleting what is absent succeeds although it must match an ETag. AWS
// answers 404:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
const DeletesAbsent Allowance = "deleting what is absent with IfMatch succeeds"

// RunStore checks every promise of s3cache.Store but those allowed to be broken. place
// makes an empty place for one test and returns how to open it.
func RunStore(t *testing.T, place func(t *testing.T) OpenStore, allowed ...Allowance) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, OpenStore)
	}{
		{"get and put", getPut},
		{"keys", keys},
		{"known etag", knownETag},
		{"etag of every write", etags},
		{"if absent", ifAbsent},
		{"if match", ifMatch},
		{"delete", deleted},
		{"delete what is absent", func(t *testing.T, open OpenStore) {
			deletedAbsent(t, open, slices.Contains(allowed, DeletesAbsent))
		}},
		{"list", list},
		{"list ends early", listEarly},
		{"canceled context", canceled},
		{"one of many creates", oneCreates},
		{"no update is lost", counted},
		{"readers see whole objects", whole},
		{"large object", large},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, place(t)) })
	}
}

func put(t *testing.T, store s3cache.Store, key, body string, condition s3cache.Condition) string {
	t.Helper()
	etag, err := store.Put(t.Context(), key, []byte(body), condition)
	if err != nil {
		t.Fatalf("put %q: %v", key, err)
	}
	if etag == "" {
		t.Fatalf("put %q: empty ETag", key)
	}
	return etag
}

func get(t *testing.T, store s3cache.Store, key, want string) *s3cache.Object {
	t.Helper()
	object, err := store.Get(t.Context(), key, "")
	if err != nil {
		t.Fatalf("get %q: %v", key, err)
	}
	if string(object.Body) != want {
		t.Fatalf("get %q: %.80q, want %.80q", key, object.Body, want)
	}
	return object
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

func missing(t *testing.T, store s3cache.Store, key string) {
	t.Helper()
	_, err := store.Get(t.Context(), key, "")
	wantError(t, err, s3cache.ErrNotFound)
}

func getPut(t *testing.T, open OpenStore) {
	store, other := open(), open()
	missing(t, store, "page")
	before := time.Now().Add(-2 * time.Minute)
	body := []byte("first")
	etag, err := store.Put(t.Context(), "page", body, s3cache.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	copy(body, "XXXXX") // the store keeps no reference
	object := get(t, other, "page", "first")
	if object.ETag != etag {
		t.Errorf("get says ETag %s, put said %s", object.ETag, etag)
	}
	if object.Modified.Before(before) || object.Modified.After(time.Now().Add(2*time.Minute)) {
		t.Errorf("modified %v is not now", object.Modified)
	}
	put(t, other, "page", "", s3cache.Condition{})
	get(t, store, "page", "")
	copy(object.Body, "YYYYY") // the caller owns what it got
	put(t, store, "page", "first", s3cache.Condition{})
	get(t, other, "page", "first")
}

func awkwardKeys() []string {
	return []string{
		"a", "a/b", "a/b/c", "A", "A/b", "a/", "/a", "a//b", ".", "..", "../a", "a/../b",
		"a b", "a+b", "a%2Fb", "a?b#c", "a\\b", "a:b*", "$", "é", "e\u0301", "日本語/ページ",
		"😀", "a\nb", "a\tb", "'\"<>&", "CON", "nul.txt", ".lock", "x.tmp",
		"/route-cache/APP_PAGE/" + strings.Repeat("0f", 32) + "/$/blog/[slug]",
		strings.Repeat("k", 1024), strings.Repeat("k", 1023) + "j",
		strings.Repeat("é", 512), strings.Repeat("d/", 511) + "ee",
	}
}

func keys(t *testing.T, open OpenStore) {
	store := open()
	all := awkwardKeys()
	for _, key := range all {
		missing(t, store, key)
		put(t, store, key, "of "+key, s3cache.IfAbsent)
	}
	for _, key := range all {
		get(t, store, key, "of "+key)
	}
	var listed []string
	for item, err := range store.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		listed = append(listed, item.Key)
	}
	slices.Sort(all)
	if !slices.Equal(listed, all) {
		t.Errorf("listed %q,\nwant %q", listed, all)
	}
	for i, key := range all {
		if err := store.Delete(t.Context(), key, s3cache.Condition{}); err != nil {
			t.Fatal(err)
		}
		missing(t, store, key)
		if i+1 < len(all) {
			get(t, store, all[i+1], "of "+all[i+1])
		}
	}
	if _, err := store.Put(t.Context(), "", nil, s3cache.Condition{}); err == nil {
		t.Error("an empty key was taken")
	}
}

func knownETag(t *testing.T, open OpenStore) {
	store, other := open(), open()
	_, err := store.Get(t.Context(), "k", `"never-seen"`)
	wantError(t, err, s3cache.ErrNotFound)
	first := put(t, store, "k", "one", s3cache.Condition{})
	_, err = other.Get(t.Context(), "k", first)
	wantError(t, err, s3cache.ErrNotModified)
	second := put(t, store, "k", "two", s3cache.Condition{})
	object, err := other.Get(t.Context(), "k", first)
	if err != nil || string(object.Body) != "two" || object.ETag != second {
		t.Fatalf("get with the old ETag: %+v, %v", object, err)
	}
	if err := store.Delete(t.Context(), "k", s3cache.Condition{}); err != nil {
		t.Fatal(err)
	}
	_, err = other.Get(t.Context(), "k", second)
	wantError(t, err, s3cache.ErrNotFound)
}

// etags writes one key often and quickly: contents of one size must not share an ETag.
func etags(t *testing.T, open OpenStore) {
	store := open()
	seen := map[string]string{}
	for i := range 300 {
		body := fmt.Sprintf("%04d", i)
		etag := put(t, store, "k", body, s3cache.Condition{})
		if earlier, ok := seen[etag]; ok {
			t.Fatalf("%s and %s both have ETag %s", earlier, body, etag)
		}
		seen[etag] = body
		if i%3 == 0 {
			if err := store.Delete(t.Context(), "k", s3cache.IfMatch(etag)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func ifAbsent(t *testing.T, open OpenStore) {
	store, other := open(), open()
	put(t, store, "k", "one", s3cache.IfAbsent)
	_, err := other.Put(t.Context(), "k", []byte("two"), s3cache.IfAbsent)
	wantError(t, err, s3cache.ErrConflict)
	get(t, other, "k", "one")
	if err := store.Delete(t.Context(), "k", s3cache.Condition{}); err != nil {
		t.Fatal(err)
	}
	put(t, other, "k", "three", s3cache.IfAbsent)
	get(t, store, "k", "three")
}

func ifMatch(t *testing.T, open OpenStore) {
	store, other := open(), open()
	for _, etag := range []string{"", `"never-seen"`} {
		_, err := store.Put(t.Context(), "k", []byte("x"), s3cache.IfMatch(etag))
		wantError(t, err, s3cache.ErrConflict)
		missing(t, store, "k")
	}
	first := put(t, store, "k", "one", s3cache.Condition{})
	second := put(t, other, "k", "two", s3cache.IfMatch(first))
	for _, stale := range []string{first, "", "*"} {
		_, err := store.Put(t.Context(), "k", []byte("late"), s3cache.IfMatch(stale))
		wantError(t, err, s3cache.ErrConflict)
	}
	get(t, store, "k", "two")
	put(t, store, "k", "three", s3cache.IfMatch(second))
	if err := store.Delete(t.Context(), "k", s3cache.Condition{}); err != nil {
		t.Fatal(err)
	}
	_, err := store.Put(t.Context(), "k", []byte("late"), s3cache.IfMatch(second))
	wantError(t, err, s3cache.ErrConflict)
	missing(t, store, "k")
}

func deleted(t *testing.T, open OpenStore) {
	store, other := open(), open()
	if err := store.Delete(t.Context(), "k", s3cache.Condition{}); err != nil {
		t.Fatalf("deleting what is absent: %v", err)
	}
	first := put(t, store, "k", "one", s3cache.Condition{})
	second := put(t, store, "k", "two", s3cache.Condition{})
	wantError(t, other.Delete(t.Context(), "k", s3cache.IfMatch(first)), s3cache.ErrConflict)
	get(t, store, "k", "two")
	if err := other.Delete(t.Context(), "k", s3cache.IfAbsent); err == nil {
		t.Error("delete took IfAbsent")
	}
	get(t, store, "k", "two")
	if err := other.Delete(t.Context(), "k", s3cache.IfMatch(second)); err != nil {
		t.Fatal(err)
	}
	missing(t, store, "k")
}

func deletedAbsent(t *testing.T, open OpenStore, allowed bool) {
	store := open()
	etag := put(t, store, "k", "one", s3cache.Condition{})
	for _, key := range []string{"never", "k"} {
		if err := store.Delete(t.Context(), "k", s3cache.Condition{}); err != nil {
			t.Fatal(err)
		}
		err := store.Delete(t.Context(), key, s3cache.IfMatch(etag))
		switch {
		case allowed && err == nil:
		case allowed:
			t.Errorf("the allowance is not needed: %v", err)
		default:
			wantError(t, err, s3cache.ErrConflict)
		}
	}
	wantError(t, store.Delete(t.Context(), "k", s3cache.IfMatch("")), s3cache.ErrConflict)
}

func list(t *testing.T, open OpenStore) {
	store, other := open(), open()
	written := map[string]string{}
	for _, key := range []string{"d1/a", "d1/b/c", "d1/b", "d10/a", "d1", "D1/a", "d2/é", "d1/%"} {
		written[key] = put(t, store, key, strings.Repeat("x", len(key)), s3cache.Condition{})
	}
	for prefix, want := range map[string][]string{
		"d1/": {"d1/%", "d1/a", "d1/b", "d1/b/c"}, "d1/b": {"d1/b", "d1/b/c"}, "x": nil,
		"d1": {"d1", "d1/%", "d1/a", "d1/b", "d1/b/c", "d10/a"}, "d2/é": {"d2/é"},
	} {
		var got []string
		for item, err := range other.List(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, item.Key)
			if item.ETag != written[item.Key] || item.Size != int64(len(item.Key)) || item.Modified.IsZero() {
				t.Errorf("listed %+v, put said ETag %s", item, written[item.Key])
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("list %q: %q, want %q", prefix, got, want)
		}
	}
}

func listEarly(t *testing.T, open OpenStore) {
	store := open()
	for _, key := range []string{"a", "b", "c"} {
		put(t, store, key, key, s3cache.Condition{})
	}
	for item, err := range store.List(t.Context(), "") {
		if err != nil || item.Key != "a" {
			t.Fatalf("%+v, %v", item, err)
		}
		break
	}
	for item, err := range store.List(t.Context(), "") { // deleting what is listed
		if err == nil {
			err = store.Delete(t.Context(), item.Key, s3cache.Condition{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	missing(t, store, "c")
}

func canceled(t *testing.T, open OpenStore) {
	store := open()
	put(t, store, "k", "one", s3cache.Condition{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Get(ctx, "k", "")
	wantError(t, err, context.Canceled)
	_, err = store.Put(ctx, "k", []byte("two"), s3cache.Condition{})
	wantError(t, err, context.Canceled)
	wantError(t, store.Delete(ctx, "k", s3cache.Condition{}), context.Canceled)
	for _, err = range store.List(ctx, "") {
		break
	}
	wantError(t, err, context.Canceled)
	get(t, store, "k", "one")
}

func large(t *testing.T, open OpenStore) {
	body := strings.Repeat("0123456789abcdef", 8<<20/16)
	put(t, open(), "k", body, s3cache.Condition{})
	if object := get(t, open(), "k", body); len(object.Body) != len(body) {
		t.Error("short")
	}
}
