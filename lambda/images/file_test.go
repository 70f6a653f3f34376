package images_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"pack/lambda/images"
)

// FuzzFile: whatever bytes the app or another host sends, the answer is a
// picture, the bytes themselves, or a refusal.
func FuzzFile(f *testing.F) {
	for _, start := range []string{
		"\xff\xd8\xff\xe1\x00\x20Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "GIF89a\x01\x00\x01\x00\x80\x00\x00,",
		"RIFF\x20\x00\x00\x00WEBPVP8X", "\x00\x00\x00\x18ftypavif", "II*\x00\x08\x00\x00\x00", "<svg>", "\xff\xd8\xff\xe2\x00\x90ICC_PROFILE\x00\x01\x01",
	} {
		f.Add([]byte(start))
	}
	paths, _ := filepath.Glob("../../tests/images/public/made/turn-6.jpg")
	for _, path := range paths {
		if content, err := os.ReadFile(path); err == nil {
			f.Add(content)
		}
	}
	settings := resolved(&testing.T{}, nil)
	f.Fuzz(func(t *testing.T, content []byte) {
		h := images.New(images.Options{Images: settings, MaxInputPixels: 1 << 16, Local: func(context.Context, string, http.Header) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(content))}, nil
		}})
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/_next/image"+ask1, nil))
		if w.Code != 200 && w.Code != 400 && w.Code != 500 || w.Body.Len() == 0 {
			t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
		}
	})
}
