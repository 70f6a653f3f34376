package s3store_test

import (
	"cmp"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"pack/s3cache/s3store"
)

func TestNames(t *testing.T) {
	for key, want := range map[string]string{
		"dpl_1/e//blog/[slug]":               "dpl_1/e/.~/blog/[slug]!",
		"a":                                  "a!",
		"a/":                                 "a/!",
		"/":                                  ".~/!",
		"a//b":                               "a/.~/b!",
		"../.x/x.y":                          ".-./.-x/x.y!",
		"a b%(!~":                            "a(20b(25(28(21~7e!",
		"é\n日":                               "é(0a日!",
		strings.Repeat("k", 240):             strings.Repeat("k", 240) + "!",
		strings.Repeat("k", 241):             strings.Repeat("k", 240) + "~/k!",
		strings.Repeat("k", 240) + "/.":      strings.Repeat("k", 240) + "~/.~/.-!",
		strings.Repeat("k", 239) + "é" + "l": strings.Repeat("k", 239) + "é~/l!",
	} {
		name, hashed, err := s3store.ObjectName("", key)
		if err != nil || hashed || name != want {
			t.Errorf("%q is %q (%v, %v), want %q", key, name, hashed, err, want)
		}
	}
	for _, key := range []string{"", "\xff", "a\xc3", strings.Repeat("k", 1025)} {
		if name, _, err := s3store.ObjectName("", key); err == nil {
			t.Errorf("%q became %q", key, name)
		}
	}
	for _, name := range []string{"", "a", ".a!", ".!", "(2!", "(zz!", "~!", "a~", ".~x!"} {
		if key, err := s3store.KeyOf(name); err == nil {
			t.Errorf("%q is the name of %q", name, key)
		}
	}
}

// checkNames holds what is said of names against two keys.
func checkNames(t *testing.T, one, other string) {
	t.Helper()
	for _, root := range []string{"", s3store.LongestRoot} {
		name, hashed, err := s3store.ObjectName(root, one)
		if err != nil {
			t.Fatalf("%q: %v", one, err)
		}
		name = name[len(root):]
		if len(root)+len(name) > 1024 || !utf8.ValidString(name) {
			t.Errorf("%q has a name of %d bytes: %q", one, len(root)+len(name), name)
		}
		for _, segment := range strings.Split(name, "/") {
			if len(segment) > 255 || segment == "" || segment == "." || segment == ".." {
				t.Errorf("%q has the name %q", one, name)
			}
		}
		if hashed != s3store.HashedName(name) {
			t.Errorf("%q has the name %q, hashed: %v", one, name, hashed)
		}
		if key, err := s3store.KeyOf(name); !hashed && (err != nil || key != one) {
			t.Errorf("%q has the name %q, which is that of %q: %v", one, name, key, err)
		}
		if strings.HasPrefix(one, other) && !strings.HasPrefix(name, s3store.NamePrefix(other)) {
			t.Errorf("%q begins with %q, their names are %q and %q", one, other, name, s3store.NamePrefix(other))
		}
	}
	first, second := s3store.PlainName(one), s3store.PlainName(other)
	if cmp.Compare(first, second) != cmp.Compare(one, other) {
		t.Errorf("%q and %q have the names %q and %q", one, other, first, second)
	}
}

func FuzzNames(f *testing.F) {
	random := rand.New(rand.NewPCG(5, 6))
	pieces := []string{"a", "b", "k", ".", "/", "!", "(", "~", "-", "0", "\x00", "\x7f", "é", "日", "😀", " ", strings.Repeat("x", 237), "]"}
	key := func() string {
		var b strings.Builder
		for range 1 + random.IntN(30) {
			if piece := pieces[random.IntN(len(pieces))]; b.Len()+len(piece) <= 1024 {
				b.WriteString(piece)
			}
		}
		return b.String()
	}
	for range 2000 {
		one := key()
		f.Add(one, key())
		f.Add(one, one[:random.IntN(len(one))]+key())
		f.Add(one, one[:random.IntN(len(one))])
	}
	f.Fuzz(func(t *testing.T, one, other string) {
		if one == "" || other == "" || len(one) > 1024 || len(other) > 1024 || !utf8.ValidString(one) || !utf8.ValidString(other) {
			return
		}
		checkNames(t, one, other)
	})
}
