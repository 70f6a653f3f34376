package images

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"

	"github.com/gen2brain/avif"
	"golang.org/x/image/tiff"
	"golang.org/x/image/webp"
)

// errUnsupported is a type without a decoder, such as JPEG 2000.
var errUnsupported = errors.New("no decoder for the type")

// errTooLarge is a picture over MaxInputPixels.
var errTooLarge = errors.New("picture has too many pixels")

// decode reads the first frame. The header is read first, so that a small file
// can't claim much memory.
func decode(body []byte, kind string, maxPixels int) (*raster, error) {
	size, err := decodeSize(body, kind)
	if err != nil {
		return nil, fmt.Errorf("read header of %s: %w", kind, err)
	}
	if size.X <= 0 || size.Y <= 0 || size.X > maxPixels/size.Y {
		return nil, fmt.Errorf("decode %s of %d×%d: %w", kind, size.X, size.Y, errTooLarge)
	}
	picture, err := decodePixels(body, kind)
	if err != nil {
		return nil, fmt.Errorf("decode %s: %w", kind, err)
	}
	return newRaster(picture), nil
}

func decodeSize(body []byte, kind string) (image.Point, error) {
	var config image.Config
	var err error
	r := bytes.NewReader(body)
	switch kind {
	case typeJPEG:
		config, err = jpeg.DecodeConfig(r)
	case typePNG:
		config, err = png.DecodeConfig(r)
	case typeWebP:
		config, err = webp.DecodeConfig(r)
	case typeAVIF:
		config, err = avif.DecodeConfig(r)
	case typeGIF:
		config, err = gif.DecodeConfig(r)
	case typeTIFF:
		config, err = tiff.DecodeConfig(r)
	default:
		err = errUnsupported
	}
	return image.Pt(config.Width, config.Height), err
}

func decodePixels(body []byte, kind string) (image.Image, error) {
	r := bytes.NewReader(body)
	switch kind {
	case typeJPEG:
		return jpeg.Decode(r)
	case typePNG:
		return png.Decode(r)
	case typeWebP:
		m, err := webp.Decode(r)
		if err == nil {
			fullRange(m)
		}
		return m, err
	case typeAVIF:
		return avif.Decode(r)
	case typeTIFF:
		return tiff.Decode(r)
	case typeGIF:
		return decodeGIF(r)
	}
	return nil, errUnsupported
}

// fullRange stretches the samples of a lossy WebP, which are of studio range
// (RFC 6386, section 9.2: 16 to 235 and 16 to 240), to those that Go's YCbCr
// types mean.
func fullRange(m image.Image) {
	var p *image.YCbCr
	switch m := m.(type) {
	case *image.YCbCr:
		p = m
	case *image.NYCbCrA:
		p = &m.YCbCr
	default:
		return
	}
	var luma, chroma [256]uint8
	for i := range 256 {
		luma[i] = uint8(min(max((float64(i)-16)*255/219, 0), 255) + 0.5)
		chroma[i] = uint8(min(max((float64(i)-128)*255/224+128, 0), 255) + 0.5)
	}
	for i, v := range p.Y {
		p.Y[i] = luma[v]
	}
	for _, plane := range [][]uint8{p.Cb, p.Cr} {
		for i, v := range plane {
			plane[i] = chroma[v]
		}
	}
}

// decodeGIF puts the frame, which may be smaller, on its canvas.
func decodeGIF(r *bytes.Reader) (image.Image, error) {
	all, err := gif.DecodeAll(r)
	if err != nil {
		return nil, err
	}
	canvas := image.Rect(0, 0, all.Config.Width, all.Config.Height)
	if all.Image[0].Bounds() == canvas {
		return all.Image[0], nil
	}
	out := image.NewRGBA(canvas)
	draw.Draw(out, canvas, all.Image[0], image.Point{}, draw.Src)
	return out, nil
}
