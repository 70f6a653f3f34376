package router_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"pack/lambda/router"
	"pack/manifest"
)

// TestOrderSurvivesTheIndex: of many rules that match, the first one counts,
// whatever its pattern starts with and in whatever way it can be looked up.
func TestOrderSurvivesTheIndex(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	shapes := []string{
		`^[/]?/%s/(?<nxtPx>[^/]+?)(?:/)?$`,
		`^[/]?/%s(?:/(?<nxtPx>.+?))?(?:/)?$`,
		`^\/%s(?:\/([^\/]+?))(?:\/)?$`,
		`^(?:\/((?:[^\/]+?)(?:\/(?:[^\/]+?))*))?(?:\/)?$`,
		`^/(?!zzz)%s/.*$`,
		`/%s/`,
		`^/%s?/x$`,
		`^/(a|%s)/`,
		`^(?:\/(a|b|%s))\/x$`,
		`^[/]?(?<nextLocale>[^/]{1,})/%s/(?<nxtPx>[^/]+?)(?:/)?$`,
		`^/%s|^/b/`,
	}
	folders := []string{"a", "b", "ab", "abc", "a/b", "b/a", "x"}
	for range 200 {
		var routes []manifest.Route
		var outputs []manifest.Output
		for i := range 1 + random.IntN(12) {
			shape := shapes[random.IntN(len(shapes))]
			pattern := shape
			if shape != shapes[3] {
				pattern = fmt.Sprintf(shape, folders[random.IntN(len(folders))])
			}
			routes = append(routes, manifest.Route{SourceRegex: pattern, Destination: fmt.Sprintf("/out-%d", i)})
			outputs = append(outputs, manifest.Output{Pathname: fmt.Sprintf("/out-%d", i)})
		}
		r := newRouter(t, router.Table{Routing: manifest.Routing{DynamicRoutes: routes}, Outputs: outputs})
		for _, path := range []string{"/a/x", "/b/x", "/ab/x", "/abc/x", "/a/b/x", "/b/a/x", "/x/b/x", "/b/b/b", "/x", "/zzz/x", "/a"} {
			want := "not found"
			for i, route := range routes {
				p, err := router.CompilePattern(route.SourceRegex, false)
				if err != nil {
					t.Fatal(err)
				}
				groups, err := p.Match(path)
				if err != nil {
					t.Fatal(err)
				}
				if groups != nil {
					want = fmt.Sprintf("output /out-%d as %s", i, path)
					break
				}
			}
			if got := summary(resolve(t, r, request(path), nil)); got != want {
				t.Errorf("%s on %v: %s, want %s", path, routes, got, want)
			}
		}
	}
}
