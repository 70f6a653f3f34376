package images

import (
	"bytes"
	"encoding/binary"
	"regexp"
)

// The types that Next recognises (next/dist/server/image-optimizer/image-type.js).
const (
	typeAVIF = "image/avif"
	typeWebP = "image/webp"
	typePNG  = "image/png"
	typeJPEG = "image/jpeg"
	typeJXL  = "image/jxl"
	typeJP2  = "image/jp2"
	typeHEIC = "image/heic"
	typeGIF  = "image/gif"
	typeSVG  = "image/svg+xml"
	typeICO  = "image/x-icon"
	typeICNS = "image/x-icns"
	typeTIFF = "image/tiff"
	typeBMP  = "image/bmp"
	typePDF  = "application/pdf"
)

// signatures are tried in order; "\x00" matches any byte where loose is set.
var signatures = []struct {
	magic string
	kind  string
	loose bool
}{
	{"\xff\xd8\xff", typeJPEG, false},
	{"\x89PNG\r\n\x1a\n", typePNG, false},
	{"GIF8", typeGIF, false},
	{"RIFF\x00\x00\x00\x00WEBP", typeWebP, true},
	{"<?xml", typeSVG, false},
	{"<svg", typeSVG, false},
	{"avif", typeAVIF, false},
	{"\x00\x00\x01\x00", typeICO, false},
	{"icns", typeICNS, false},
	{"II*\x00", typeTIFF, false},
	{"BM", typeBMP, false},
	{"\xff\x0a", typeJXL, false},
	{"\x00\x00\x00\x0cJXL \r\n\x87\n", typeJXL, false},
	{"heic", typeHEIC, false},
	{"%PDF-", typePDF, false},
	{"\x00\x00\x00\x0cjP  \r\n\x87\n", typeJP2, false},
}

var (
	svgTag = regexp.MustCompile(`<svg\s([^>"']|"[^"]*"|'[^']*')*>`)
	pnm    = regexp.MustCompile(`^P[1-7Ff]`)
)

// detect names the type of a file by its first bytes, never by its name or
// Content-Type; empty when Next knows none. What the signatures don't tell is
// what the npm package image-size, which Next asks last, would find.
func detect(b []byte) string {
	for _, s := range signatures {
		switch s.kind {
		case typeAVIF, typeHEIC:
			if brand(b) == s.magic {
				return s.kind
			}
		default:
			if hasMagic(b, s.magic, s.loose) {
				return s.kind
			}
		}
	}
	start := b[:min(len(b), 1000)]
	switch {
	case bytes.HasPrefix(b, []byte("\xff\xd8")):
		return typeJPEG
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		return typeTIFF
	case brand(b) == "mif1", brand(b) == "msf1", pnm.Match(start), bytes.HasPrefix(b, []byte("8BPS")):
		return ""
	case svgTag.Match(start):
		return typeSVG
	}
	return ""
}

func hasMagic(b []byte, magic string, loose bool) bool {
	if len(b) < len(magic) {
		return false
	}
	for i := range len(magic) {
		if b[i] != magic[i] && (!loose || magic[i] != 0) {
			return false
		}
	}
	return true
}

// brand is the major brand of a file that starts with an ftyp box (ISO/IEC
// 14496-12, section 4.3). The box's size is checked so that text can't pass
// for one.
func brand(b []byte) string {
	if len(b) < 12 || string(b[4:8]) != "ftyp" {
		return ""
	}
	if size := binary.BigEndian.Uint32(b); size < 16 || uint64(size) > uint64(len(b)) {
		return ""
	}
	return string(b[8:12])
}

// passed are the types that are answered as they are.
var passed = map[string]bool{
	typeSVG: true, typeICO: true, typeICNS: true, typeBMP: true, typeJXL: true, typeHEIC: true,
}
