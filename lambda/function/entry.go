package function

import (
	"net/http"
	"strings"

	"pack/lambda/event"
	"pack/manifest"
)

// entry returns what answers r: what the gateway names, or, for a request to
// the function's own URL, the entry whose route fits the path.
func (f *Function) entry(r *http.Request, call *event.Call) *manifest.Entry {
	entries := f.document.Function.Entries
	if call != nil && call.Entry != "" {
		for i := range entries {
			if entries[i].Pathname == call.Entry {
				return &entries[i]
			}
		}
		return nil
	}
	path := strings.TrimPrefix(r.URL.Path, f.document.App.BasePath)
	for i := range entries {
		if fits(entries[i].Pathname, path) {
			return &entries[i]
		}
	}
	return nil
}

// fits reports whether a path belongs to a route such as /blog/[slug],
// /docs/[...path] or /docs/[[...path]], its RSC and segment addresses included.
func fits(route, path string) bool {
	path = strings.TrimSuffix(path, ".rsc")
	if i := strings.Index(path, ".segments/"); i > 0 {
		path = path[:i]
	}
	want, have := segments(route), segments(path)
	for len(want) > 0 {
		switch {
		case strings.HasPrefix(want[0], "[[..."):
			return true
		case strings.HasPrefix(want[0], "[..."):
			return len(have) > 0
		case len(have) == 0:
			return false
		case !strings.HasPrefix(want[0], "[") && want[0] != have[0]:
			return false
		}
		want, have = want[1:], have[1:]
	}
	return len(have) == 0
}

func segments(path string) []string {
	path = strings.Trim(path, "/")
	if path == "" || path == "index" {
		return nil
	}
	return strings.Split(path, "/")
}
