package s3cache_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pack/s3cache"
)

func TestNextETag(t *testing.T) {
	bodies := [][]byte{
		{}, []byte("a"), []byte("<!DOCTYPE html><html></html>"), []byte("é"), []byte("日本語"),
		[]byte("😀"), []byte("a😀b😀"), []byte("\ufeffBOM"), []byte("\u0000\uffff\ufffd"),
		[]byte("\xff"), []byte("\xff\xff"), []byte("\xc3"), []byte("\xc3a"), []byte("\xe2\x82"),
		[]byte("\xe2\x82\xe2\x82\xac"), []byte("\xf0\x9f\x98"), []byte("\xf0\x9f\x98x"),
		[]byte("\xf0\x80\x80\x80"), []byte("\xe0\x80\x80"), []byte("\xed\xa0\x80"), []byte("\xed\xa0\xbd\xed\xb8\x80"),
		[]byte("\xf4\x90\x80\x80"), []byte("\xf5\x80\x80\x80"), []byte("\xc0\xaf"), []byte("\x80\xbf"),
		[]byte(strings.Repeat("long é 😀 ", 30000)),
	}
	random := rand.New(rand.NewPCG(5, 6))
	// Bytes that begin and continue sequences meet often, and so do digests of each length.
	const alphabet = "ab\x80\x8f\x90\x9f\xa0\xbf\xc1\xc2\xdf\xe0\xed\xef\xf0\xf4\xf5\xff"
	for range 3000 {
		body := make([]byte, random.IntN(12))
		for i := range body {
			body[i] = alphabet[random.IntN(len(alphabet))]
		}
		bodies = append(bodies, body)
	}
	var want []string
	runNext(t, "etag.js", bodies, &want)
	if len(want) != len(bodies) {
		t.Fatalf("%d answers for %d bodies", len(want), len(bodies))
	}
	for i, body := range bodies {
		if got := s3cache.NextETag(body); got != want[i] {
			t.Errorf("%.40q: %s, Next.js says %s", body, got, want[i])
		}
	}
}
