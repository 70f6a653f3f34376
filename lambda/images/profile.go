package images

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"image"
	"io"
	"math"
)

// profile converts from the color space of an embedded ICC profile to sRGB, as
// sharp does before it drops the profile. Only profiles made of a matrix and
// three curves are read (ICC.1:2022, section 8.3.3): those of cameras, phones
// and displays. Others are taken for sRGB.
type profile struct {
	// linear maps a sample to light, by channel.
	linear [3][256]float64
	// matrix maps light to linear sRGB.
	matrix [3][3]float64
}

// maxProfile is the largest profile that is looked at, in bytes.
const maxProfile = 4 << 20

func readProfile(body []byte, kind string) *profile {
	var icc []byte
	switch kind {
	case typeJPEG:
		for _, segment := range jpegSegments(body, 0xe2) {
			const header = len("ICC_PROFILE\x00") + 2
			if bytes.HasPrefix(segment, []byte("ICC_PROFILE\x00")) && len(segment) >= header {
				icc = append(icc, segment[header:]...)
			}
		}
	case typePNG:
		_, rest, found := bytes.Cut(pngChunk(body, "iCCP"), []byte{0})
		if !found || len(rest) < 1 {
			return nil
		}
		r, err := zlib.NewReader(bytes.NewReader(rest[1:]))
		if err != nil {
			return nil
		}
		if icc, err = io.ReadAll(io.LimitReader(r, maxProfile)); err != nil {
			return nil
		}
	case typeWebP:
		icc = riffChunk(body, "ICCP")
	}
	return parseProfile(icc)
}

// parseProfile returns nil for what needs no conversion or can't be read.
func parseProfile(icc []byte) *profile {
	const header, entry = 128, 12
	if len(icc) < header+4 || len(icc) > maxProfile || string(icc[16:20]) != "RGB " || string(icc[20:24]) != "XYZ " {
		return nil
	}
	tags := map[string][]byte{}
	count := binary.BigEndian.Uint32(icc[header:])
	for i := range uint64(min(count, 200)) {
		from := header + 4 + i*entry
		if from+entry > uint64(len(icc)) {
			return nil
		}
		at, size := uint64(binary.BigEndian.Uint32(icc[from+4:])), uint64(binary.BigEndian.Uint32(icc[from+8:]))
		if at+size <= uint64(len(icc)) {
			tags[string(icc[from:from+4])] = icc[at : at+size]
		}
	}
	p := &profile{}
	var toXYZ [3][3]float64
	for i, channel := range []string{"r", "g", "b"} {
		column, curve := tags[channel+"XYZ"], tags[channel+"TRC"]
		if len(column) < 20 || !readCurve(curve, &p.linear[i]) {
			return nil
		}
		for k := range 3 {
			toXYZ[k][i] = fixedPoint(column[8+4*k:])
		}
	}
	for i := range 3 {
		for j := range 3 {
			for k := range 3 {
				p.matrix[i][j] += fromXYZ[i][k] * toXYZ[k][j]
			}
		}
	}
	if p.isSRGB() {
		return nil
	}
	return p
}

// fromXYZ maps the profile connection space, whose white is D50, to linear
// sRGB (the inverse of the colorants in the ICC's own sRGB profile).
var fromXYZ = [3][3]float64{
	{3.1338561, -1.6168667, -0.4906146},
	{-0.9787684, 1.9161415, 0.0334540},
	{0.0719453, -0.2289914, 1.4052427},
}

func fixedPoint(b []byte) float64 {
	return float64(int32(binary.BigEndian.Uint32(b))) / 65536
}

// readCurve reads a curve or a parametric curve (sections 10.6 and 10.18).
func readCurve(b []byte, out *[256]float64) bool {
	if len(b) < 12 {
		return false
	}
	switch string(b[:4]) {
	case "curv":
		n := int(binary.BigEndian.Uint32(b[8:]))
		if n < 0 || n > 1<<16 || len(b) < 12+2*n {
			return false
		}
		for i := range out {
			x := float64(i) / 255
			switch n {
			case 0:
				out[i] = x
			case 1:
				out[i] = math.Pow(x, float64(binary.BigEndian.Uint16(b[12:]))/256)
			default:
				at := x * float64(n-1)
				low := min(int(at), n-2)
				v := func(k int) float64 { return float64(binary.BigEndian.Uint16(b[12+2*k:])) / 65535 }
				out[i] = v(low) + (at-float64(low))*(v(low+1)-v(low))
			}
		}
		return true
	case "para":
		return readParametric(b, out)
	}
	return false
}

func readParametric(b []byte, out *[256]float64) bool {
	kind := int(binary.BigEndian.Uint16(b[8:]))
	counts := []int{1, 3, 4, 5, 7}
	if kind >= len(counts) || len(b) < 12+4*counts[kind] {
		return false
	}
	// g, a, b, c, d, e, f as the standard names them.
	v := [7]float64{1, 1}
	for i := range counts[kind] {
		v[i] = fixedPoint(b[12+4*i:])
	}
	switch kind {
	case 1, 2:
		// The lower part is constant: 0, or c.
		if v[1] == 0 {
			return false
		}
		v[4], v[5], v[6] = -v[2]/v[1], v[3], v[3]
		if kind == 1 {
			v[5], v[6] = 0, 0
		}
		v[3] = 0
	case 0:
		v[4] = -1
	}
	for i := range out {
		x := float64(i) / 255
		if x >= v[4] {
			out[i] = math.Pow(math.Max(0, v[1]*x+v[2]), v[0]) + v[5]
		} else {
			out[i] = v[3]*x + v[6]
		}
	}
	return true
}

func (p *profile) isSRGB() bool {
	for i := range 3 {
		for j := range 3 {
			want := 0.0
			if i == j {
				want = 1
			}
			if math.Abs(p.matrix[i][j]-want) > 0.01 {
				return false
			}
		}
	}
	for i := 8; i < 256; i++ {
		x := float64(i) / 255
		if math.Abs(p.linear[1][i]-math.Pow((x+0.055)/1.055, 2.4)) > 0.02 {
			return false
		}
	}
	return true
}

// encoded maps linear light in 4096 steps to sRGB samples (IEC 61966-2-1).
var encoded = func() (out [4097]uint8) {
	for i := range out {
		x := float64(i) / 4096
		v := 12.92 * x
		if x > 0.0031308 {
			v = 1.055*math.Pow(x, 1/2.4) - 0.055
		}
		out[i] = uint8(math.Round(255 * v))
	}
	return out
}()

// convert changes the picture in place.
func (p *profile) convert(m *image.NRGBA) {
	rows(m.Rect.Dy(), func(from, to int) {
		for y := from; y < to; y++ {
			row := m.Pix[y*m.Stride:][:4*m.Rect.Dx()]
			for x := 0; x < len(row); x += 4 {
				r, g, b := p.linear[0][row[x]], p.linear[1][row[x+1]], p.linear[2][row[x+2]]
				for k := range 3 {
					v := p.matrix[k][0]*r + p.matrix[k][1]*g + p.matrix[k][2]*b
					row[x+k] = encoded[int(math.Min(math.Max(v, 0), 1)*4096+0.5)]
				}
			}
		}
	})
}
