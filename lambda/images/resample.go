package images

import (
	"math"
	"runtime"
	"sync"
)

// Scaling is done as libvips does for sharp: on gamma-encoded samples, by a
// box as long as that leaves at least twice the size, then by Lanczos with
// three lobes. Rows and columns are done one after the other, with weights in
// fixed point.
const (
	lobes      = 3
	weightBits = 14
)

// scale returns a plane of the given size, or p itself when it has that size.
func (p plane) scale(width, height int) plane {
	if p.width == width && p.height == height && p.spanX == float64(width) && p.spanY == float64(height) {
		return p
	}
	p = p.shrink(int(p.spanX/float64(width)/2), int(p.spanY/float64(height)/2))
	return p.across(width).down(height)
}

// shrink averages blocks of x by y samples; blocks at the far edges may be
// smaller. Factors below 2 leave their direction as it is.
func (p plane) shrink(x, y int) plane {
	x, y = max(x, 1), max(y, 1)
	if x == 1 && y == 1 {
		return p
	}
	out := plane{
		width: (p.width + x - 1) / x, height: (p.height + y - 1) / y,
		spanX: p.spanX / float64(x), spanY: p.spanY / float64(y),
	}
	out.stride = out.width
	out.pix = make([]uint8, out.width*out.height)
	rows(out.height, func(from, to int) {
		sums := make([]uint32, out.width)
		for row := from; row < to; row++ {
			clear(sums)
			last := min((row+1)*y, p.height)
			for sy := row * y; sy < last; sy++ {
				line := p.pix[sy*p.stride:][:p.width]
				for i := range sums {
					for _, v := range line[i*x : min((i+1)*x, p.width)] {
						sums[i] += uint32(v)
					}
				}
			}
			high := uint32(last - row*y)
			to := out.pix[row*out.stride:]
			for i, sum := range sums {
				count := high * uint32(min((i+1)*x, p.width)-i*x)
				to[i] = uint8((sum + count/2) / count)
			}
		}
	})
	return out
}

// tap is what one output sample is made of: samples from first on, weighted.
type tap struct {
	first   int
	weights []int32
}

// taps computes the weights for a direction with span samples, of which size
// exist, scaled to count. Samples beyond the edges count as the edge's.
func taps(span float64, size, count int) []tap {
	ratio := span / float64(count)
	stretch := math.Max(ratio, 1)
	reach := lobes * stretch
	out := make([]tap, count)
	for i := range out {
		center := (float64(i)+0.5)*ratio - 0.5
		low, high := int(math.Ceil(center-reach)), int(math.Floor(center+reach))
		first, last := min(max(low, 0), size-1), min(max(high, 0), size-1)
		exact := make([]float64, last-first+1)
		total := 0.0
		for at := low; at <= high; at++ {
			w := lanczos((float64(at) - center) / stretch)
			exact[min(max(at, first), last)-first] += w
			total += w
		}
		out[i] = tap{first, fixed(exact, total)}
	}
	return out
}

// fixed rounds weights so that they still add up to one.
func fixed(exact []float64, total float64) []int32 {
	out := make([]int32, len(exact))
	sum, largest := int32(0), 0
	for i, w := range exact {
		out[i] = int32(math.Round(w / total * (1 << weightBits)))
		sum += out[i]
		if out[i] > out[largest] {
			largest = i
		}
	}
	out[largest] += 1<<weightBits - sum
	return out
}

func lanczos(x float64) float64 {
	if x == 0 {
		return 1
	}
	if math.Abs(x) >= lobes {
		return 0
	}
	x *= math.Pi
	return lobes * math.Sin(x) * math.Sin(x/lobes) / (x * x)
}

func clamp(v int32) uint8 {
	v = (v + 1<<(weightBits-1)) >> weightBits
	return uint8(min(max(v, 0), 255))
}

func (p plane) across(width int) plane {
	if p.width == width && p.spanX == float64(width) {
		return p
	}
	out := plane{make([]uint8, width*p.height), width, width, p.height, float64(width), p.spanY}
	all := taps(p.spanX, p.width, width)
	rows(p.height, func(from, to int) {
		for y := from; y < to; y++ {
			in := p.pix[y*p.stride:][:p.width]
			line := out.pix[y*width:][:width]
			for x, t := range all {
				samples := in[t.first:][:len(t.weights)]
				sum := int32(0)
				for i, w := range t.weights {
					sum += w * int32(samples[i])
				}
				line[x] = clamp(sum)
			}
		}
	})
	return out
}

func (p plane) down(height int) plane {
	if p.height == height && p.spanY == float64(height) {
		return p
	}
	out := plane{make([]uint8, p.width*height), p.width, p.width, height, p.spanX, float64(height)}
	all := taps(p.spanY, p.height, height)
	rows(height, func(from, to int) {
		sums := make([]int32, p.width)
		for y := from; y < to; y++ {
			clear(sums)
			for i, w := range all[y].weights {
				in := p.pix[(all[y].first+i)*p.stride:][:p.width]
				for x, v := range in {
					sums[x] += w * int32(v)
				}
			}
			line := out.pix[y*p.width:][:p.width]
			for x, sum := range sums {
				line[x] = clamp(sum)
			}
		}
	})
	return out
}

// rows runs work over 0..count in one band per processor.
func rows(count int, work func(from, to int)) {
	bands := min(runtime.GOMAXPROCS(0), (count+63)/64)
	if bands <= 1 {
		work(0, count)
		return
	}
	var all sync.WaitGroup
	for i := range bands {
		all.Go(func() { work(count*i/bands, count*(i+1)/bands) })
	}
	all.Wait()
}
