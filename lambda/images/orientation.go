package images

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation is how the picture must be turned, as Exif counts it (CIPA
// DC-008, tag 0x0112): 1 is upright, 5 to 8 swap width and height. Without a
// valid tag it is 1.
func orientation(body []byte, kind string) int {
	var exif []byte
	switch kind {
	case typeJPEG:
		for _, segment := range jpegSegments(body, 0xe1) {
			if rest, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok {
				exif = rest
				break
			}
		}
	case typePNG:
		exif = pngChunk(body, "eXIf")
	case typeWebP:
		exif = bytes.TrimPrefix(riffChunk(body, "EXIF"), []byte("Exif\x00\x00"))
	case typeTIFF:
		exif = body
	}
	return exifOrientation(exif)
}

// exifOrientation reads the first directory of a TIFF structure.
func exifOrientation(b []byte) int {
	const directory, entry, tag = 8, 12, 0x0112
	if len(b) < directory {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if b[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	count := uint64(order.Uint16(b[at:]))
	for i := range count {
		from := at + 2 + i*entry
		if from+entry > uint64(len(b)) {
			return 1
		}
		field := b[from:]
		if order.Uint16(field) != tag {
			continue
		}
		if turn := int(order.Uint16(field[8:])); turn >= 1 && turn <= 8 {
			return turn
		}
		return 1
	}
	return 1
}

// jpegSegments returns the contents of the segments with a marker, up to the
// first scan.
func jpegSegments(b []byte, marker byte) [][]byte {
	const startOfScan = 0xda
	var found [][]byte
	at := 2
	for at+4 <= len(b) && b[at] == 0xff {
		if b[at+1] == 0xff {
			at++
			continue
		}
		length := int(binary.BigEndian.Uint16(b[at+2:]))
		if length < 2 || at+2+length > len(b) || b[at+1] == startOfScan {
			break
		}
		if b[at+1] == marker {
			found = append(found, b[at+4:at+2+length])
		}
		at += 2 + length
	}
	return found
}

// pngChunk returns the content of the first chunk with a name, or nil.
func pngChunk(b []byte, name string) []byte {
	for at := 8; at+12 <= len(b); {
		length := int(binary.BigEndian.Uint32(b[at:]))
		if length > len(b)-at-12 {
			return nil
		}
		if string(b[at+4:at+8]) == name {
			return b[at+8 : at+8+length]
		}
		at += 12 + length
	}
	return nil
}

// riffChunk returns the content of the first chunk of a WebP with a name, or
// nil.
func riffChunk(b []byte, name string) []byte {
	for at := 12; at+8 <= len(b); {
		length := int(binary.LittleEndian.Uint32(b[at+4:]))
		if length > len(b)-at-8 {
			return nil
		}
		if string(b[at:at+4]) == name {
			return b[at+8 : at+8+length]
		}
		at += 8 + length + length&1
	}
	return nil
}

// upright turns and mirrors a picture by its orientation.
func upright(m *image.NRGBA, turn int) *image.NRGBA {
	if turn <= 1 {
		return m
	}
	w, h := m.Rect.Dx(), m.Rect.Dy()
	size := image.Rect(0, 0, w, h)
	if turn >= 5 {
		size = image.Rect(0, 0, h, w)
	}
	out := image.NewNRGBA(size)
	for y := range size.Dy() {
		for x := range size.Dx() {
			sx, sy := x, y
			switch turn {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[y*out.Stride+4*x:][:4], m.Pix[sy*m.Stride+4*sx:][:4])
		}
	}
	return out
}
