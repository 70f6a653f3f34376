package images

import (
	"cmp"
	"image"
	"image/color"
	"math"
	"slices"
)

// sample is a color in fixed point or a sum of colors: red, green, blue, alpha.
type sample [4]int32

// cell is a small cube of the color space: what pixels fall into it.
type cell struct {
	mean  sample
	count int32
}

// allowedError is the mean squared error of a pixel, summed over its channels,
// that a quality allows: libimagequant's rule, in samples of 0 to 255, by which
// sharp chooses how few colors will do.
func allowedError(quality int) float64 {
	q := float64(quality)
	low := math.Max(0, 0.016/(0.001+q)-0.001)
	return 255 * 255 * 0.45 * (low + 2.5/math.Pow(210+q, 1.2)*(100.1-q)/100)
}

// quantize chooses at most size colors, fewer when the error stays within what
// is allowed, and draws the picture with them. A
// picture with no more colors than that is unchanged; otherwise colors are
// chosen by median cut, improved by two rounds of k-means, and errors are
// spread by Floyd and Steinberg's filter.
func quantize(m *image.NRGBA, size int, allowed float64) *image.Paletted {
	if out := exact(m, size); out != nil {
		return out
	}
	cells := histogram(m)
	colors := medianCut(cells, size, int64(allowed*float64(len(m.Pix)/4)))
	for range 2 {
		colors = settle(cells, colors)
	}
	return dither(m, colors)
}

// exact returns nil when the picture has more than size colors.
func exact(m *image.NRGBA, size int) *image.Paletted {
	index := map[color.NRGBA]uint8{}
	out := image.NewPaletted(m.Rect, nil)
	for i := 0; i+3 < len(m.Pix); i += 4 {
		c := color.NRGBA{m.Pix[i], m.Pix[i+1], m.Pix[i+2], m.Pix[i+3]}
		at, known := index[c]
		if !known {
			if len(index) == size {
				return nil
			}
			at = uint8(len(index))
			index[c] = at
			out.Palette = append(out.Palette, c)
		}
		out.Pix[i/4] = at
	}
	return out
}

// cellOf is the number of a color's cell: five bits a channel.
func cellOf(c sample) int {
	return int(c[0]>>3)<<15 | int(c[1]>>3)<<10 | int(c[2]>>3)<<5 | int(c[3]>>3)
}

const (
	cellCount = 1 << 20
	// ditherPart is how many eighths of an error are passed on.
	ditherPart = 5
)

func histogram(m *image.NRGBA) []cell {
	index := make([]int32, cellCount)
	type sum struct {
		total [4]int64
		count int64
	}
	var sums []sum
	for i := 0; i+3 < len(m.Pix); i += 4 {
		c := sample{int32(m.Pix[i]), int32(m.Pix[i+1]), int32(m.Pix[i+2]), int32(m.Pix[i+3])}
		at := index[cellOf(c)]
		if at == 0 {
			sums = append(sums, sum{})
			at = int32(len(sums))
			index[cellOf(c)] = at
		}
		s := &sums[at-1]
		for k := range c {
			s.total[k] += int64(c[k])
		}
		s.count++
	}
	cells := make([]cell, len(sums))
	for i, s := range sums {
		cells[i].count = int32(s.count)
		for k := range s.total {
			cells[i].mean[k] = int32((s.total[k] + s.count/2) / s.count)
		}
	}
	return cells
}

// medianCut splits the box with the largest error until there are size boxes,
// or the error of all is allowed.
func medianCut(cells []cell, size int, allowed int64) []sample {
	boxes := []box{newBox(cells)}
	total := boxes[0].total
	for len(boxes) < size && total > allowed {
		worst := 0
		for i := range boxes {
			if boxes[i].err > boxes[worst].err {
				worst = i
			}
		}
		if boxes[worst].err == 0 {
			break
		}
		left, right := boxes[worst].split()
		total += left.total + right.total - boxes[worst].total
		boxes[worst] = left
		boxes = append(boxes, right)
	}
	out := make([]sample, len(boxes))
	for i, b := range boxes {
		out[i] = b.mean
	}
	return out
}

// box is a set of cells; err is the sum of squared distances to its mean along
// axis, the direction with the largest such sum; total is the sum of all.
type box struct {
	cells []cell
	mean  sample
	axis  int
	err   int64
	total int64
}

func newBox(cells []cell) box {
	b := box{cells: cells}
	var total [4]int64
	var count int64
	for _, c := range cells {
		count += int64(c.count)
		for k := range c.mean {
			total[k] += int64(c.mean[k]) * int64(c.count)
		}
	}
	for k := range total {
		b.mean[k] = int32((total[k] + count/2) / count)
	}
	for k := range b.mean {
		var err int64
		for _, c := range cells {
			d := int64(c.mean[k] - b.mean[k])
			err += d * d * int64(c.count)
		}
		b.total += err
		if err > b.err {
			b.err, b.axis = err, k
		}
	}
	return b
}

// split cuts at the mean; both halves have cells, as err isn't 0.
func (b box) split() (left, right box) {
	slices.SortFunc(b.cells, func(x, y cell) int { return cmp.Compare(x.mean[b.axis], y.mean[b.axis]) })
	at, _ := slices.BinarySearchFunc(b.cells, b.mean[b.axis], func(c cell, mean int32) int {
		return cmp.Compare(c.mean[b.axis], mean+1)
	})
	at = min(max(at, 1), len(b.cells)-1)
	return newBox(b.cells[:at]), newBox(b.cells[at:])
}

// settle moves each color to the mean of the cells that are closest to it.
func settle(cells []cell, colors []sample) []sample {
	totals := make([][4]int64, len(colors))
	counts := make([]int64, len(colors))
	for _, c := range cells {
		at := nearest(colors, c.mean)
		counts[at] += int64(c.count)
		for k := range c.mean {
			totals[at][k] += int64(c.mean[k]) * int64(c.count)
		}
	}
	out := slices.Clone(colors)
	for i, n := range counts {
		for k := range out[i] {
			if n > 0 {
				out[i][k] = int32((totals[i][k] + n/2) / n)
			}
		}
	}
	return out
}

func nearest(colors []sample, c sample) int {
	best, distance := 0, int32(1<<30)
	for i := range colors {
		d0, d1, d2, d3 := colors[i][0]-c[0], colors[i][1]-c[1], colors[i][2]-c[2], colors[i][3]-c[3]
		if d := d0*d0 + d1*d1 + d2*d2 + d3*d3; d < distance {
			best, distance = i, d
		}
	}
	return best
}

// dither draws the picture. The closest color is looked up once per cell.
func dither(m *image.NRGBA, colors []sample) *image.Paletted {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	out := image.NewPaletted(m.Rect, nil)
	for _, c := range colors {
		out.Palette = append(out.Palette, color.NRGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), uint8(c[3])})
	}
	closest := make([]int16, cellCount)
	// Errors in sixteenths, with a column to either side. Only a part of each is
	// passed on: smooth areas stay smooth, and the file small.
	row, next := make([]sample, w+2), make([]sample, w+2)
	for y := range h {
		clear(next)
		for x := range w {
			var c sample
			for k := range c {
				c[k] = min(max(int32(m.Pix[y*m.Stride+4*x+k])+row[x+1][k]/16, 0), 255)
			}
			at := int(closest[cellOf(c)]) - 1
			if at < 0 {
				at = nearest(colors, c)
				closest[cellOf(c)] = int16(at) + 1
			}
			out.Pix[y*out.Stride+x] = uint8(at)
			for k := range c {
				e := (c[k] - colors[at][k]) * ditherPart / 8
				row[x+2][k] += 7 * e
				next[x][k] += 3 * e
				next[x+1][k] += 5 * e
				next[x+2][k] += e
			}
		}
		row, next = next, row
	}
	return out
}
