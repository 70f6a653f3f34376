package bundle_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"pack/infra/bundle"
)

// BenchmarkBundle bundles apps from nothing: the work is to grow with unique
// bytes, not with routes.
func BenchmarkBundle(b *testing.B) {
	for _, routes := range []int{10, 100} {
		b.Run(fmt.Sprintf("%d-routes", routes), func(b *testing.B) {
			p := large(b, routes).plan()
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				r, err := bundle.Bundle(b.Context(), bundle.Options{Plan: p, Out: filepath.Join(b.TempDir(), fmt.Sprint(n))})
				if err != nil {
					b.Fatal(err)
				}
				if n == 1 {
					var packed int64
					for _, f := range r.Output.Deployment().Functions {
						packed += f.Archive.Zipped
					}
					b.ReportMetric(float64(packed)/1e6, "MB-zipped")
				}
				r.Output.Close()
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			b.ReportMetric(float64(m.Sys)/1e6, "MB-memory")
		})
	}
}

// BenchmarkOneRoute bundles again after a change of one route of a hundred.
func BenchmarkOneRoute(b *testing.B) {
	a, out := large(b, 100), b.TempDir()
	a.bundle(out)
	n := 0
	for b.Loop() {
		b.StopTimer()
		n++
		a.routes["route-007"] = fmt.Sprintf("exports.handler = %d\n", n)
		p := a.plan()
		p.Deployment.ID = fmt.Sprint(n)
		b.StartTimer()
		r, err := bundle.Bundle(b.Context(), bundle.Options{Plan: p, Out: out})
		if err != nil {
			b.Fatal(err)
		}
		r.Output.Close()
	}
}

// BenchmarkUnpack lays all functions of an app out.
func BenchmarkUnpack(b *testing.B) {
	for _, routes := range []int{10, 100} {
		b.Run(fmt.Sprintf("%d-routes", routes), func(b *testing.B) {
			out := b.TempDir()
			o := large(b, routes).bundle(out).Output
			for b.Loop() {
				b.StopTimer()
				if err := os.RemoveAll(filepath.Join(out, "run")); err != nil {
					b.Fatal(err)
				}
				o.Close()
				var err error
				if o, err = bundle.Open(out); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
				for _, f := range o.Deployment().Functions {
					if _, err := o.Unpack(b.Context(), f.Name); err != nil {
						b.Fatal(err)
					}
				}
			}
			o.Close()
		})
	}
}

// TestWorkGrowsWithUniqueBytes holds the promise that packing is built on: ten
// times the routes, sharing their dependencies, in less than twice the work of
// compressing. The time is checked by BenchmarkBundle: here, on any machine,
// what is compressed.
func TestWorkGrowsWithUniqueBytes(t *testing.T) {
	plain := map[int]int64{}
	for _, routes := range []int{10, 100} {
		start := time.Now()
		r := large(t, routes).bundle(t.TempDir())
		plain[routes] = r.Compressed.Plain
		t.Logf("%d routes: %d bytes compressed in %v", routes, r.Compressed.Plain, time.Since(start))
	}
	shared := int64(145 * 11 << 10)
	for routes, n := range plain {
		if own := n - shared; own > int64(routes+1)*40<<10 {
			t.Errorf("%d routes: %d bytes compressed beside the %d that all share", routes, own, shared)
		}
	}
}
