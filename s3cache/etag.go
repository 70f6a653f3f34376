package s3cache

import (
	"strconv"
	"unicode/utf8"
)

// NextETag returns the entity tag that Next.js gives a response body
// (next/dist/server/lib/etag.js): the 52-bit FNV-1a hash over the UTF-16 code units of
// the body as a JavaScript string, then the number of those units, both in base 36, in
// double quotes. Bytes that are not UTF-8 count as JavaScript decodes them: one U+FFFD
// per maximal subpart (WHATWG Encoding, section 4.5).
func NextETag(body []byte) string {
	hash := fnv1a52{v0: 0x2325, v1: 0x8422, v2: 0x9ce4, v3: 0xcbf2}
	units := int64(0)
	for i := 0; i < len(body); units++ {
		if body[i] < utf8.RuneSelf {
			hash.add(uint32(body[i]))
			i++
			continue
		}
		r, size := utf8.DecodeRune(body[i:])
		if r == utf8.RuneError && size == 1 {
			size = malformed(body[i:])
		}
		i += size
		if r > 0xffff {
			r -= 0x10000
			hash.add(0xd800 | uint32(r>>10))
			r = 0xdc00 | r&0x3ff
			units++
		}
		hash.add(uint32(r))
	}
	b := make([]byte, 0, 24)
	b = append(b, '"')
	b = strconv.AppendUint(b, hash.sum(), 36)
	b = strconv.AppendInt(b, units, 36)
	return string(append(b, '"'))
}

// fnv1a52 is the hash in four 16-bit digits, as JavaScript's numbers force it.
type fnv1a52 struct{ v0, v1, v2, v3 uint32 }

func (h *fnv1a52) add(unit uint32) {
	v0 := h.v0 ^ unit
	t0, t1, t2, t3 := v0*435, h.v1*435, h.v2*435, h.v3*435
	t2 += v0 << 8
	t3 += h.v1 << 8
	t1 += t0 >> 16
	t2 += t1 >> 16
	h.v0, h.v1, h.v2 = t0&0xffff, t1&0xffff, t2&0xffff
	h.v3 = (t3 + t2>>16) & 0xffff
}

func (h *fnv1a52) sum() uint64 {
	return uint64(h.v3&15)<<48 + uint64(h.v2)<<32 + uint64(h.v1)<<16 + uint64(h.v0^h.v3>>4)
}

// malformed returns how many of b's first bytes one U+FFFD replaces: the longest start
// of a UTF-8 sequence that b begins with, at least one byte (Unicode 16, table 3-7).
func malformed(b []byte) int {
	low, high, need := byte(0x80), byte(0xbf), 0
	switch lead := b[0]; {
	case lead >= 0xc2 && lead <= 0xdf:
		need = 1
	case lead >= 0xe0 && lead <= 0xef:
		need = 2
		if lead == 0xe0 {
			low = 0xa0
		} else if lead == 0xed {
			high = 0x9f
		}
	case lead >= 0xf0 && lead <= 0xf4:
		need = 3
		if lead == 0xf0 {
			low = 0x90
		} else if lead == 0xf4 {
			high = 0x8f
		}
	}
	n := 1
	for n <= need && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}
