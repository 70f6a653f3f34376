package images

import (
	"image"
	"image/color"
	"image/draw"
)

// raster is a decoded picture as planes of samples: Y, Cb and Cr as JPEG and
// WebP store them, or red, green and blue, premultiplied where there is an
// alpha plane. Planes are scaled on their own, so chroma that is stored at
// half the size is scaled from there.
type raster struct {
	width, height int
	planes        []plane
	ycc           bool
}

// plane is one sample per pixel. The picture's width and height are spread
// over spanX and spanY samples: half of the width for subsampled chroma, which
// may end between two samples.
type plane struct {
	pix           []uint8
	stride        int
	width, height int
	spanX, spanY  float64
}

func newRaster(m image.Image) *raster {
	b := m.Bounds()
	r := &raster{width: b.Dx(), height: b.Dy()}
	switch m := m.(type) {
	case *image.YCbCr:
		r.ycc = true
		r.planes = chromaPlanes(m)
	case *image.Gray:
		r.planes = []plane{{m.Pix, m.Stride, r.width, r.height, float64(r.width), float64(r.height)}}
	default:
		rgba, ok := m.(*image.RGBA)
		if !ok {
			rgba = image.NewRGBA(image.Rect(0, 0, r.width, r.height))
			draw.Draw(rgba, rgba.Rect, m, b.Min, draw.Src)
		}
		r.planes = colorPlanes(rgba)
	}
	return r
}

func chromaPlanes(m *image.YCbCr) []plane {
	b := m.Bounds()
	w, h := b.Dx(), b.Dy()
	across, down := 1, 1
	switch m.SubsampleRatio {
	case image.YCbCrSubsampleRatio422:
		across = 2
	case image.YCbCrSubsampleRatio420:
		across, down = 2, 2
	case image.YCbCrSubsampleRatio440:
		down = 2
	case image.YCbCrSubsampleRatio411:
		across = 4
	case image.YCbCrSubsampleRatio410:
		across, down = 4, 2
	}
	chroma := func(pix []uint8) plane {
		return plane{
			pix: pix[m.COffset(b.Min.X, b.Min.Y):], stride: m.CStride,
			width: (w + across - 1) / across, height: (h + down - 1) / down,
			spanX: float64(w) / float64(across), spanY: float64(h) / float64(down),
		}
	}
	luma := plane{m.Y[m.YOffset(b.Min.X, b.Min.Y):], m.YStride, w, h, float64(w), float64(h)}
	return []plane{luma, chroma(m.Cb), chroma(m.Cr)}
}

// colorPlanes takes interleaved samples apart; an opaque picture has no alpha.
func colorPlanes(m *image.RGBA) []plane {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	count := 4
	if m.Opaque() {
		count = 3
	}
	planes := make([]plane, count)
	for i := range planes {
		planes[i] = plane{make([]uint8, w*h), w, w, h, float64(w), float64(h)}
	}
	rows(h, func(from, to int) {
		for y := from; y < to; y++ {
			row := m.Pix[y*m.Stride:][:4*w]
			for i := range planes {
				out := planes[i].pix[y*w:][:w]
				for x := range out {
					out[x] = row[4*x+i]
				}
			}
		}
	})
	return planes
}

// scale returns the picture in the given size.
func (r *raster) scale(width, height int) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, width, height))
	planes := make([]plane, len(r.planes))
	for i, p := range r.planes {
		planes[i] = p.scale(width, height)
	}
	rows(height, func(from, to int) {
		for y := from; y < to; y++ {
			r.join(out.Pix[y*out.Stride:][:4*width], planes, y)
		}
	})
	return out
}

// join writes one row of interleaved samples.
func (r *raster) join(out []uint8, planes []plane, y int) {
	row := func(i int) []uint8 { return planes[i].pix[y*planes[i].stride:] }
	width := len(out) / 4
	switch {
	case r.ycc:
		luma, cb, cr := row(0), row(1), row(2)
		for x := range width {
			out[4*x], out[4*x+1], out[4*x+2] = color.YCbCrToRGB(luma[x], cb[x], cr[x])
			out[4*x+3] = 255
		}
	case len(planes) == 1:
		grey := row(0)
		for x := range width {
			v := grey[x]
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = v, v, v, 255
		}
	case len(planes) == 3:
		red, green, blue := row(0), row(1), row(2)
		for x := range width {
			out[4*x], out[4*x+1], out[4*x+2], out[4*x+3] = red[x], green[x], blue[x], 255
		}
	default:
		red, green, blue, alpha := row(0), row(1), row(2), row(3)
		for x := range width {
			a := uint32(alpha[x])
			if a == 0 {
				continue
			}
			out[4*x] = uint8(min(255, (uint32(red[x])*255+a/2)/a))
			out[4*x+1] = uint8(min(255, (uint32(green[x])*255+a/2)/a))
			out[4*x+2] = uint8(min(255, (uint32(blue[x])*255+a/2)/a))
			out[4*x+3] = alpha[x]
		}
	}
}
