package tests_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

// coverRoutes fails for every route and page of the deployment that none
// of the requests was for.
func coverRoutes(t *testing.T, asked [][]request) {
	t.Helper()
	paths := make(map[string]bool)
	for _, group := range asked {
		for _, q := range group {
			path, _, _ := strings.Cut(q.target, "?")
			if decoded, err := url.PathUnescape(path); err == nil {
				paths[decoded] = true
			}
		}
	}
	d := deployment(t)
	if len(d.Functions) == 0 || len(d.Pages) == 0 {
		t.Fatalf("pack inspect lists %d functions and %d pages", len(d.Functions), len(d.Pages))
	}
	for _, f := range d.Functions {
		for _, route := range f.Routes {
			if !strings.HasPrefix(route, "/_") && !reached(routePattern(route), paths) {
				t.Errorf("no request was for route %s of function %s", route, f.Name)
			}
		}
	}
	for _, page := range d.Pages {
		if !page.Template && !strings.HasPrefix(page.Pathname, "/_") && !paths[page.Pathname] {
			t.Errorf("no request was for page %s", page.Pathname)
		}
	}
}

var routeParameter = regexp.MustCompile(`\\\[(\\\[)?(\\\.\\\.\\\.)?[^/\]]+\\\](\\\])?`)

// routePattern matches the paths of a route in Next's notation.
func routePattern(route string) *regexp.Regexp {
	pattern := routeParameter.ReplaceAllStringFunc(regexp.QuoteMeta(route), func(parameter string) string {
		if strings.Contains(parameter, ".") {
			return ".+"
		}
		return "[^/]+"
	})
	return regexp.MustCompile("^" + pattern + "$")
}

func reached(pattern *regexp.Regexp, paths map[string]bool) bool {
	for path := range paths {
		if pattern.MatchString(path) {
			return true
		}
	}
	return false
}
