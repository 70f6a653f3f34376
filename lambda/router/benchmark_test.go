package router_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pack/lambda/router"
	"pack/manifest"
)

// routesTable is an app with n dynamic routes below folders of their own, as
// many static ones, n/10 redirects and n/10 rewrites (Next warns above 1,000
// rules), and a header rule for everything.
func routesTable(n int) router.Table {
	suffix := `(\.rsc|\.segments/.+\.segment\.rsc|)(?:/)?$`
	table := router.Table{BuildID: "BUILD"}
	t := &table.Routing
	t.BeforeMiddleware = append(t.BeforeMiddleware,
		manifest.Route{Source: "/:p*", SourceRegex: `^(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))?(?:\/)?$`, Headers: map[string]string{"x-all": "1"}},
		manifest.Route{Source: "/:path+/", SourceRegex: `^(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))\/$`, Headers: map[string]string{"Location": "/$1"}, Status: 308, Priority: true})
	for i := range min(n, 10_000) / 10 {
		t.BeforeMiddleware = append(t.BeforeMiddleware, manifest.Route{
			Source: fmt.Sprintf("/old-%d/:p", i), SourceRegex: fmt.Sprintf(`^\/old-%d(?:\/([^\/]+?))(?:\/)?$`, i), Headers: map[string]string{"Location": fmt.Sprintf("/shop-%d/$1", i)}, Status: 308,
		})
		t.AfterFiles = append(t.AfterFiles, manifest.Route{
			Source: fmt.Sprintf("/alias-%d/:p", i), SourceRegex: fmt.Sprintf(`^\/alias-%d(?:\/([^\/]+?))(?:\/)?$`, i), Destination: fmt.Sprintf("/shop-%d/$1", i),
		})
	}
	for i := range n {
		t.DynamicRoutes = append(t.DynamicRoutes, manifest.Route{
			Source: fmt.Sprintf("/shop-%d/[slug]", i), SourceRegex: fmt.Sprintf(`^[/]?/shop\-%d/(?<nxtPslug>[^/]+?)`, i) + suffix, Destination: fmt.Sprintf("/shop-%d/[slug]$2?nxtPslug=$nxtPslug", i),
		})
		table.Outputs = append(table.Outputs,
			manifest.Output{Pathname: fmt.Sprintf("/shop-%d/[slug]", i), Type: "APP_PAGE"},
			manifest.Output{Pathname: fmt.Sprintf("/about-%d", i), Type: "APP_PAGE"})
	}
	return table
}

// BenchmarkResolve resolves dynamic pages, static pages, rewrites, redirects
// and addresses that nothing answers, in turn. p50 and p99 are of single
// requests.
func BenchmarkResolve(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			r := newRouter(b, routesTable(n))
			var requests []*router.Request
			for i := range 50 {
				k := i * n / 50
				requests = append(requests,
					request(fmt.Sprintf("/shop-%d/mug?ref=home", k)),
					request(fmt.Sprintf("/shop-%d/mug.rsc", k)),
					request(fmt.Sprintf("/about-%d", k)),
					request(fmt.Sprintf("/alias-%d/mug", k/10)),
					request(fmt.Sprintf("/old-%d/mug", k/10)),
					request(fmt.Sprintf("/missing-%d/mug", k)))
			}
			for _, q := range requests {
				resolve(b, r, q, nil)
			}
			times := make([]time.Duration, 0, 1<<16)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				start := time.Now()
				if _, err := r.Resolve(b.Context(), requests[i%len(requests)], nil); err != nil {
					b.Fatal(err)
				}
				if len(times) < cap(times) {
					times = append(times, time.Since(start))
				}
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Nanoseconds()), "p50-ns")
			b.ReportMetric(float64(times[len(times)*99/100].Nanoseconds()), "p99-ns")
		})
	}
}

// BenchmarkNew is what a cold start pays for the table.
func BenchmarkNew(b *testing.B) {
	for _, n := range []int{10, 100, 1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			table := routesTable(n)
			for b.Loop() {
				newRouter(b, table)
			}
		})
	}
}
