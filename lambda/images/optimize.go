package images

import (
	"context"
	"fmt"
	"image"
	"math"
	"strings"
)

// optimize turns an original into what is answered
// (next/dist/server/image-optimizer/transform.js). Types that aren't encoded,
// animations, and pictures that can't be decoded are answered as they are.
// previous is the stored picture that is being refreshed, or nil.
func (h *Handler) optimize(ctx context.Context, p *params, o *original, previous *Entry) (*Entry, error) {
	minimum := h.options.Images.MinimumCacheTTL
	kind := detect(o.body)
	if !strings.HasPrefix(kind, "image/") {
		return nil, newError(400, "The requested resource isn't a valid image.", nil)
	}
	if kind == typeSVG && !h.options.Images.DangerouslyAllowSVG {
		return nil, newError(400, `"url" parameter is valid but image type is not allowed`, nil)
	}
	e := &Entry{
		Body:         o.body,
		ContentType:  kind,
		ETag:         o.etag,
		UpstreamETag: o.etag,
		MaxAge:       max(minimum, maxAge(o.cacheControl)),
		Created:      h.options.Now(),
	}
	moving, err := animated(kind, o.body)
	if err != nil {
		return nil, fmt.Errorf("look for frames: %w", err)
	}
	if moving || passed[kind] {
		return e, nil
	}
	target := p.mime
	switch {
	case target != "":
	case kind == typeWebP || kind == typeAVIF:
		// A client that doesn't say it knows these gets what all know.
		target = typeJPEG
	default:
		target = kind
	}
	if previous != nil && previous.UpstreamETag != previous.ETag && previous.UpstreamETag == o.etag {
		same := *previous
		same.ContentType, same.Created = target, e.Created
		if same.MaxAge == 0 {
			same.MaxAge = e.MaxAge
		}
		return &same, nil
	}
	body, err := h.transform(ctx, o.body, kind, target, p.width, p.quality)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		h.log.Warn("answer image as it is", "url", p.href, "type", kind, "error", err)
		e.MaxAge = minimum
		return e, nil
	}
	e.Body, e.ContentType, e.ETag = body, target, digest(body)
	return e, nil
}

// transform decodes, turns upright, scales down to the width and encodes. It
// waits for a free slot; cancelling ctx ends the wait, but not the work. A
// decoder's panic is an error, as it means bytes that it didn't expect.
func (h *Handler) transform(ctx context.Context, body []byte, kind, target string, width, quality int) (out []byte, err error) {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() {
		<-h.slots
		if r := recover(); r != nil {
			out, err = nil, fmt.Errorf("transform %s: panic: %v", kind, r)
		}
	}()
	picture, err := decode(body, kind, h.options.MaxInputPixels)
	if err != nil {
		return nil, err
	}
	turn := orientation(body, kind)
	size := scaled(image.Pt(picture.width, picture.height), kind, width, turn)
	pixels := picture.scale(size.X, size.Y)
	if profile := readProfile(body, kind); profile != nil {
		profile.convert(pixels)
	}
	return encode(upright(pixels, turn), target, quality)
}

// scaled is the size to scale to, before the picture is turned upright: as wide
// as asked for, never larger than it is, and at least one pixel. A JPEG's
// height is the one that sharp arrives at, which lets the decoder scale by a
// power of two first and rounds down then.
func scaled(size image.Point, kind string, want, turn int) image.Point {
	if turn >= 5 {
		size = image.Pt(size.Y, size.X)
	}
	if want < size.X {
		first := image.Pt(size.X, size.Y)
		if kind == typeJPEG {
			by := jpegScale(size.X / want)
			first = image.Pt(size.X/by, size.Y/by)
		}
		height := math.Round(float64(first.Y) * float64(want) / float64(first.X))
		size = image.Pt(want, max(1, int(height)))
	}
	if turn >= 5 {
		size = image.Pt(size.Y, size.X)
	}
	return size
}

// jpegScale is the power of two that sharp has a JPEG decoder scale by, when
// the picture is to be ratio times smaller. A power that is just reached is
// halved.
func jpegScale(ratio int) int {
	by := 1
	for by < 8 && ratio >= 2*by {
		by *= 2
	}
	if by > 1 && ratio == by {
		by /= 2
	}
	return by
}
