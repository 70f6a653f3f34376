package s3cache_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pack/s3cache"
)

func pageEntry(created int64) *s3cache.Entry {
	return &s3cache.Entry{
		Kind: s3cache.KindAppPage, Status: 203, Created: created,
		Header:     map[string][]string{"x-custom": {"one", "two"}, "link": {"</é>; rel=preload"}},
		Tags:       []string{"_N_T_/layout", "posts", "日本"},
		Revalidate: s3cache.Seconds(60), Expire: s3cache.Seconds(3600),
		Parts: []s3cache.Part{
			{Name: s3cache.PartHTML, Body: []byte("<p>é</p>")},
			{Name: s3cache.PartRSC, Body: []byte{0, 0xff, 0xfe, '\n'}},
			{Name: s3cache.PartPostponed, Body: []byte{}},
			{Name: s3cache.PartSegment + "/_tree", Body: []byte("tree")},
		},
	}
}

func encode(t testing.TB, e *s3cache.Entry) []byte {
	t.Helper()
	b, err := e.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEncoding(t *testing.T) {
	for name, entry := range map[string]*s3cache.Entry{
		"page": pageEntry(1700000000123), "empty": {}, "expired": {Created: -1, Kind: "NEW_KIND"},
		"zero lifetime": {Revalidate: s3cache.Seconds(0), Expire: s3cache.Seconds(0)},
	} {
		t.Run(name, func(t *testing.T) {
			b := encode(t, entry)
			if again := encode(t, entry); !bytes.Equal(b, again) {
				t.Error("encoding is not stable")
			}
			got, err := s3cache.DecodeEntry(b)
			if err != nil {
				t.Fatal(err)
			}
			for i := range entry.Parts {
				if entry.Parts[i].ETag != "" {
					t.Error("Encode changed the entry")
				}
				entry.Parts[i].ETag = s3cache.NextETag(entry.Parts[i].Body)
			}
			if diff := cmp.Diff(entry, got); diff != "" {
				t.Errorf("decoded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEncodingKeepsETag(t *testing.T) {
	entry := &s3cache.Entry{Parts: []s3cache.Part{{Name: "body", Body: []byte("x"), ETag: `"own"`}}}
	got, err := s3cache.DecodeEntry(encode(t, entry))
	if err != nil || got.Part("body").ETag != `"own"` || got.Part("html") != nil {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEncodingRefuses(t *testing.T) {
	for name, entry := range map[string]*s3cache.Entry{
		"part twice": {Parts: []s3cache.Part{{Name: "a"}, {Name: "a"}}},
		"tag":        {Tags: []string{"\xff"}},
		"part":       {Parts: []s3cache.Part{{Name: "\xff"}}},
		"value":      {Header: map[string][]string{"a": {"\xff"}}},
		"kind":       {Kind: "\xff"},
	} {
		if _, err := entry.Encode(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
}

// Every cut and every flipped bit is detected.
func TestDecodeDamaged(t *testing.T) {
	whole := encode(t, pageEntry(5))
	for n := range whole {
		if _, err := s3cache.DecodeEntry(whole[:n]); !errors.Is(err, s3cache.ErrCorrupt) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
		flipped := bytes.Clone(whole)
		flipped[n] ^= 1 << (n % 8)
		if _, err := s3cache.DecodeEntry(flipped); !errors.Is(err, s3cache.ErrCorrupt) {
			t.Fatalf("byte %d flipped: %v", n, err)
		}
	}
	if _, err := s3cache.DecodeEntry(append(whole, 0)); !errors.Is(err, s3cache.ErrCorrupt) {
		t.Error("a byte too many was taken")
	}
}

func TestDecodeAliases(t *testing.T) {
	b := encode(t, &s3cache.Entry{Parts: []s3cache.Part{{Name: "a", Body: []byte("first")}, {Name: "b", Body: []byte("second")}}})
	entry, err := s3cache.DecodeEntry(b)
	if err != nil {
		t.Fatal(err)
	}
	first := entry.Parts[0].Body
	if !bytes.Contains(b, first) || cap(first) != len(first) {
		t.Errorf("capacity %d: appending to one part would overwrite the next", cap(first))
	}
	b[bytes.Index(b, []byte("first"))] = 'F'
	if string(first) != "First" {
		t.Error("the body was copied")
	}
}

func FuzzDecodeEntry(f *testing.F) {
	f.Add(encode(f, pageEntry(5)), false)
	f.Add([]byte(`{"kind":"PAGES","created":1,"parts":[{"name":"a","offset":0,"length":3,"etag":"x"}]}`), true)
	f.Add([]byte(`{"created":1,"parts":[{"name":"a","offset":-1,"length":9223372036854775807}]}`), true)
	f.Add([]byte(strings.Repeat("[", 100)), true)
	f.Fuzz(func(t *testing.T, b []byte, headerOnly bool) {
		if headerOnly { // behind a right checksum
			b = s3cache.SealHeader(b, []byte("abc"))
		}
		entry, err := s3cache.DecodeEntry(b)
		if err != nil {
			if !errors.Is(err, s3cache.ErrCorrupt) || entry != nil {
				t.Fatalf("%v, %v", entry, err)
			}
			return
		}
		again, err := s3cache.DecodeEntry(encode(t, entry))
		if err != nil {
			t.Fatal(err)
		}
		for i := range entry.Parts { // an empty ETag is filled
			if entry.Parts[i].ETag == "" {
				entry.Parts[i].ETag = s3cache.NextETag(entry.Parts[i].Body)
			}
		}
		if diff := cmp.Diff(entry, again, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}
