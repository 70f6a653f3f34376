package storetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"pack/s3cache"
)

// OpenTagStore opens one more handle on the same place; every handle must see what the
// others write.
type OpenTagStore func() s3cache.TagStore

// LosesUpdates: of writes of one tag at the same time some are lost. AWS decides a
// condition and writes in one step:
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
const LosesUpdates Allowance = "concurrent writes of one tag lose each other"

// RunTagStore checks every promise of s3cache.TagStore but those allowed to be broken.
// place makes an empty place for one test and returns how to open it.
func RunTagStore(t *testing.T, place func(t *testing.T) OpenTagStore, allowed ...Allowance) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, OpenTagStore)
	}{
		{"read and write", readWrite},
		{"names", tagNames},
		{"values move forward", forward},
		{"any order", anyOrder},
		{"many tags", manyTags},
		{"concurrent writers", func(t *testing.T, open OpenTagStore) {
			concurrentWriters(t, open, !slices.Contains(allowed, LosesUpdates))
		}},
		{"revision", movesOn},
		{"same revision", func(t *testing.T, open OpenTagStore) {
			writers := 4
			if slices.Contains(allowed, LosesUpdates) {
				writers = 1
			}
			sameRevision(t, open, writers)
		}},
		{"restart", restart},
		{"canceled context", canceledTags},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, place(t)) })
	}
}

type marks = map[string]s3cache.Tag

func write(t *testing.T, store s3cache.TagStore, updates marks) {
	t.Helper()
	if err := store.Write(t.Context(), updates); err != nil {
		t.Fatal(err)
	}
}

// wantTags reads the wanted tags; a zero value means that the tag is unknown.
func wantTags(t *testing.T, store s3cache.TagStore, want marks) {
	t.Helper()
	var tags []string
	for tag := range want {
		tags = append(tags, tag)
	}
	got, err := store.Read(t.Context(), tags)
	if err != nil {
		t.Fatal(err)
	}
	for tag := range got {
		if _, asked := want[tag]; !asked {
			t.Errorf("tag %q was not asked for", tag)
		}
	}
	for tag, mark := range want {
		found, ok := got[tag]
		if found != mark || ok != (mark != s3cache.Tag{}) {
			t.Fatalf("tag %.40q is %+v (%v), want %+v", tag, found, ok, mark)
		}
	}
}

func readWrite(t *testing.T, open OpenTagStore) {
	store, other := open(), open()
	wantTags(t, store, marks{"a": {}, "b": {}})
	write(t, store, marks{"a": {StaleAt: 1, ExpireBy: 9}, "b": {ExpiredAt: 2}})
	wantTags(t, other, marks{"a": {StaleAt: 1, ExpireBy: 9}, "b": {ExpiredAt: 2}, "c": {}})
	write(t, other, marks{"c": {StaleAt: 1 << 50}})
	wantTags(t, store, marks{"a": {StaleAt: 1, ExpireBy: 9}, "c": {StaleAt: 1 << 50}})
	write(t, store, nil)
	got, err := store.Read(t.Context(), nil)
	if err != nil || len(got) != 0 {
		t.Errorf("reading no tags: %v, %v", got, err)
	}
	if err := store.Write(t.Context(), marks{"": {StaleAt: 1}}); err == nil {
		t.Error("an empty tag was taken")
	}
	wantTags(t, other, marks{"a": {StaleAt: 1, ExpireBy: 9}, "": {}})
}

func tagNames(t *testing.T, open OpenTagStore) {
	store := open()
	want := marks{}
	for i, name := range append(awkwardKeys(), "_N_T_/layout", "_N_T_/blog/[slug]/page", "\u2028", "\x00", "\x7f") {
		want[name] = s3cache.Tag{StaleAt: int64(i + 1)}
	}
	write(t, store, want)
	wantTags(t, open(), want)
}

func forward(t *testing.T, open OpenTagStore) {
	store, other := open(), open()
	write(t, store, marks{"a": {StaleAt: 50, ExpireBy: 500}})
	write(t, other, marks{"a": {StaleAt: 40, ExpireBy: 900}})
	wantTags(t, store, marks{"a": {StaleAt: 50, ExpireBy: 500}})
	write(t, other, marks{"a": {ExpiredAt: 60}})
	wantTags(t, store, marks{"a": {StaleAt: 50, ExpireBy: 500, ExpiredAt: 60}})
	write(t, store, marks{"a": {StaleAt: 70, ExpiredAt: 30}})
	wantTags(t, other, marks{"a": {StaleAt: 70, ExpiredAt: 60}})
	write(t, other, marks{"a": {}})
	wantTags(t, store, marks{"a": {StaleAt: 70, ExpiredAt: 60}})
}

// anyOrder writes the same updates in many orders: all places agree.
func anyOrder(t *testing.T, open OpenTagStore) {
	random := rand.New(rand.NewPCG(1, 2))
	var updates []s3cache.Tag
	want := s3cache.Tag{}
	for range 12 {
		update := s3cache.Tag{
			StaleAt: random.Int64N(5), ExpiredAt: random.Int64N(5), ExpireBy: random.Int64N(5),
		}
		updates = append(updates, update)
		want = want.Merge(update)
	}
	store := open()
	for order := range 10 {
		tag := fmt.Sprint("order ", order)
		for _, i := range random.Perm(len(updates)) {
			write(t, store, marks{tag: updates[i]})
		}
		wantTags(t, store, marks{tag: want})
	}
}

func manyTags(t *testing.T, open OpenTagStore) {
	store := open()
	want := marks{}
	for i := range 350 { // above what one DynamoDB batch takes
		want[fmt.Sprintf("%s-%d", strings.Repeat("t", 200), i)] = s3cache.Tag{ExpiredAt: int64(i + 1)}
	}
	write(t, store, want)
	for i := range 50 {
		want[fmt.Sprint("unknown ", i)] = s3cache.Tag{}
	}
	wantTags(t, open(), want)
	tag := fmt.Sprintf("%s-%d", strings.Repeat("t", 200), 7)
	got, err := store.Read(t.Context(), []string{tag, tag, tag})
	if err != nil || got[tag].ExpiredAt != 8 {
		t.Errorf("a tag asked for three times: %v, %v", got, err)
	}
}

// concurrentWriters write tags of their own and, if they may, one together.
func concurrentWriters(t *testing.T, open OpenTagStore, together bool) {
	const writers, each = 6, 30
	want := marks{}
	if together {
		want["shared"] = s3cache.Tag{ExpiredAt: writers * each, StaleAt: writers * each, ExpireBy: 1}
	}
	var wg sync.WaitGroup
	for writer := range writers {
		store := open()
		for i := range each {
			want[fmt.Sprintf("%d/%d", writer, i)] = s3cache.Tag{StaleAt: int64(i + 1)}
		}
		wg.Go(func() {
			for i := range each {
				at := int64(i*writers + writer + 1)
				own := fmt.Sprintf("%d/%d", writer, i)
				updates := marks{own: {StaleAt: int64(i + 1)}}
				if together {
					updates["shared"] = s3cache.Tag{ExpiredAt: at, StaleAt: at, ExpireBy: 1}
				}
				if err := store.Write(t.Context(), updates); err != nil {
					t.Error(err)
				}
				got, err := store.Read(t.Context(), []string{own, "shared"})
				if err != nil || got[own] != updates[own] || together && got["shared"].ExpiredAt < at {
					t.Errorf("own write not seen: %v, %v", got, err)
				}
			}
		})
	}
	wg.Wait()
	wantTags(t, open(), want)
}

func restart(t *testing.T, open OpenTagStore) {
	for i := range 5 {
		write(t, open(), marks{fmt.Sprint(i): {ExpiredAt: int64(i + 1)}})
	}
	wantTags(t, open(), marks{"0": {ExpiredAt: 1}, "2": {ExpiredAt: 3}, "4": {ExpiredAt: 5}})
}

func canceledTags(t *testing.T, open OpenTagStore) {
	store := open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := store.Read(ctx, []string{"a"})
	wantError(t, err, context.Canceled)
	wantError(t, store.Write(ctx, marks{"a": {StaleAt: 1}}), context.Canceled)
	_, err = store.Revision(ctx)
	wantError(t, err, context.Canceled)
}
