package purge_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pack/lambda/purge"
)

func TestTag(t *testing.T) {
	seen := map[string]string{}
	for _, tag := range []string{"a", "A", "product:dune-mug", "_N_T_/products/Krüge, blau", strings.Repeat("x", 256), "a,b", ""} {
		got := purge.Tag(tag)
		if !regexp.MustCompile(`^[a-z2-7]{16}$`).MatchString(got) {
			t.Errorf("%q becomes %q", tag, got)
		}
		if before, there := seen[got]; there {
			t.Errorf("%q and %q are the same", tag, before)
		}
		seen[got] = tag
		if purge.Tag(tag) != got {
			t.Errorf("%q does not always become the same", tag)
		}
	}
}

func TestHeader(t *testing.T) {
	if got := purge.Header(nil); got != "" {
		t.Errorf("no tags give %q", got)
	}
	if got, want := purge.Header([]string{"b", "a", "b"}), purge.Tag("a")+","+purge.Tag("b"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	var tags []string
	for i := range 50 {
		tags = append(tags, fmt.Sprintf("a-product:%d", i))
	}
	if got := strings.Split(purge.Header(tags), ","); len(got) != 50 || slices.Contains(got, purge.Many) {
		t.Errorf("50 tags give %d, with the one for too many: %v", len(got), slices.Contains(got, purge.Many))
	}
	tags = append(tags, "_N_T_/products/layout", "_N_T_/products/mug", "_N_T_/layout")
	got := strings.Split(purge.Header(tags), ",")
	if len(got) != 50 || got[0] != purge.Many {
		t.Errorf("53 tags give %d, and begin with %s", len(got), got[0])
	}
	for _, tag := range tags[50:] {
		if !slices.Contains(got, purge.Tag(tag)) {
			t.Errorf("%s is not among the 50 that fit", tag)
		}
	}
	if length := len(purge.Header(tags)); length > 1024 {
		t.Errorf("the header has %d bytes", length)
	}
}
