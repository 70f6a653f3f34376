package images

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// errChunk is a PNG that ends inside a chunk header: an exception in Next.
var errChunk = errors.New("png ends inside a chunk header")

// animated tells whether a GIF, PNG or WebP has more than one frame, as the
// npm package is-animated does; such a picture is answered as it is.
func animated(kind string, b []byte) (bool, error) {
	switch kind {
	case typeGIF:
		return animatedGIF(b), nil
	case typePNG:
		return animatedPNG(b)
	case typeWebP:
		return bytes.Contains(b, []byte("ANIM")), nil
	}
	return false, nil
}

// animatedGIF counts image descriptors up to two (GIF89a, section 20).
func animatedGIF(b []byte) bool {
	const header, screen = 6, 7
	if len(b) < header+screen {
		return false
	}
	frames := 0
	at := header + screen + colorTable(b[10])
	for frames < 2 && at < len(b) {
		switch b[at] {
		case ',':
			frames++
			if at+10 > len(b) {
				return frames > 1
			}
			// The descriptor, its color table, and the code size byte.
			at = skipBlocks(b, at+10+colorTable(b[at+9])+1)
		case '!':
			at = skipBlocks(b, at+2)
		default:
			return frames > 1
		}
	}
	return frames > 1
}

// colorTable is the size in bytes of the table that packed fields announce.
func colorTable(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}

// skipBlocks returns the offset behind a chain of sub-blocks.
func skipBlocks(b []byte, at int) int {
	for at < len(b) && b[at] != 0 {
		at += int(b[at]) + 1
	}
	return at + 1
}

// animatedPNG looks for acTL, fcTL and fdAT chunks in the order of the APNG
// specification (PNG, third edition, section 11.3.6).
func animatedPNG(b []byte) (bool, error) {
	var control, first, second bool
	previous := ""
	for at := 8; at < len(b); {
		if at+4 > len(b) {
			return false, errChunk
		}
		length := int(binary.BigEndian.Uint32(b[at:]))
		name := string(b[at+4 : min(at+8, len(b))])
		switch name {
		case "acTL":
			control = true
		case "IDAT":
			if !control || previous != "fcTL" && previous != "IDAT" {
				return false, nil
			}
			first = true
		case "fdAT":
			if !first || previous != "fcTL" && previous != "fdAT" {
				return false, nil
			}
			second = true
		}
		previous = name
		at += 12 + length
	}
	return control && first && second, nil
}
