package gateway

import (
	"fmt"
	"regexp"
	"strings"

	"pack/manifest"
)

// interceptions match the addresses that an intercepting route takes over when
// the viewer comes from certain pages. Next makes rewrites of them, with the
// header next-url as condition
// (next/dist/lib/generate-interception-routes-rewrites.js).
type interceptions []*regexp.Regexp

func newInterceptions(rewrites []manifest.Route) (interceptions, error) {
	var list interceptions
	for _, r := range rewrites {
		for _, c := range r.Has {
			if c.Type != "header" || !strings.EqualFold(c.Key, nextURLHeader) {
				continue
			}
			pattern, err := regexp.Compile(r.SourceRegex)
			if err != nil {
				return nil, fmt.Errorf("intercepting route %s: %w", r.Source, err)
			}
			list = append(list, pattern)
		}
	}
	return list, nil
}

// vary gives the Vary header of a page: with next-url where an intercepting
// route may take over (setVaryHeader in next/dist/server/base-server.js).
func (list interceptions) vary(base, path string) string {
	for _, pattern := range list {
		if pattern.MatchString(path) {
			return base + ", next-url"
		}
	}
	return base
}
