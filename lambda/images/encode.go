package images

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/png"
	"math"

	"github.com/gen2brain/avif"
	"github.com/gen2brain/jpegli"
	"github.com/gen2brain/webp"
	"golang.org/x/image/tiff"
)

// The encoders' settings stand for those that Next gives sharp.
const (
	// webpMethod is sharp's default effort.
	webpMethod = 4
	// avifSpeed stands for effort 3. libaom's matching speed, 6, takes three
	// times as long here for files that are a tenth smaller.
	avifSpeed = 8
	// paletteSize is sharp's default for PNG with a quality, and for GIF.
	paletteSize = 256
)

// encode writes a picture. quality is 1 to 100, of WebP; the other types' is
// derived from it as Next does. PNG gets a palette, as sharp gives a PNG with
// a quality; GIF and TIFF have no quality.
func encode(m *image.NRGBA, target string, quality int) ([]byte, error) {
	var out bytes.Buffer
	var err error
	switch target {
	case typeWebP:
		err = webp.Encode(&out, m, webp.Options{Quality: quality, Method: webpMethod})
	case typeAVIF:
		q := max(1, int(math.Round(float64(quality)*50/80)))
		err = avif.Encode(&out, premultiplied(m), avif.Options{
			Quality: q, QualityAlpha: q, Speed: avifSpeed, ChromaSubsampling: image.YCbCrSubsampleRatio444,
		})
	case typeJPEG:
		// Premultiplied samples are the picture on black, which is what sharp
		// makes of transparency.
		err = jpegli.Encode(&out, premultiplied(m), &jpegli.EncodingOptions{
			Quality: quality, ChromaSubsampling: image.YCbCrSubsampleRatio420,
			ProgressiveLevel: 2, OptimizeCoding: true, AdaptiveQuantization: true,
		})
	case typePNG:
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, quantize(m, paletteSize, allowedError(quality)))
	case typeGIF:
		err = gif.Encode(&out, quantize(m, paletteSize, 0), nil)
	case typeTIFF:
		err = tiff.Encode(&out, m, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
	default:
		err = errUnsupported
	}
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", target, err)
	}
	return out.Bytes(), nil
}

func premultiplied(m *image.NRGBA) *image.RGBA {
	if m.Opaque() {
		return &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	}
	out := image.NewRGBA(m.Rect)
	draw.Draw(out, out.Rect, m, m.Rect.Min, draw.Src)
	return out
}
