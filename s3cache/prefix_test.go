package s3cache_test

import (
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// TestCacheOf: a cache of another deployment finds neither pages nor data of the
// first one's, but data where that is the app's, and tags are everybody's.
func TestCacheOf(t *testing.T) {
	for _, shared := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) { otherDeployment(t, shared) })
	}
}

func otherDeployment(t *testing.T, shared bool) {
	p, o := newPlace(), s3cache.Options{Prefix: "d1"}
	o.Store, o.Tags = p.store, p.tags
	if shared {
		o.DataPrefix = "data"
	}
	one := s3cache.New(o)
	two := one.Of("d2")
	if one.Of("d1") != one {
		t.Error("a cache of the same deployment is another one")
	}
	page, data := s3cache.PageKey("page"), s3cache.DataKey("data")
	store(t, one, page, render("one"), true)
	store(t, one, data, render("data"), true)
	lookup(t, two, page, "", s3cache.Missing)
	if shared {
		lookup(t, two, data, "data", s3cache.Fresh)
	} else {
		lookup(t, two, data, "", s3cache.Missing)
	}
	store(t, two, page, render("two"), true)
	lookup(t, one, page, "one", s3cache.Fresh)
	lookup(t, two.Of("d1"), page, "one", s3cache.Fresh)
	time.Sleep(time.Second)
	if err := two.RevalidateTags(t.Context(), []string{"posts"}, nil); err != nil {
		t.Fatal(err)
	}
	_, state, err := one.Lookup(t.Context(), page, nil)
	if err != nil || state != s3cache.Expired {
		t.Errorf("a tag that the other has revalidated leaves the page %s, %v", state, err)
	}
}
