package images

import (
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"
	whatwg "github.com/nlnwa/whatwg-url/url"

	"pack/manifest"
)

// pattern is one of the app's localPatterns or remotePatterns, compiled. A nil
// expression matches nothing.
type pattern struct {
	manifest.ImagePattern
	hostname *regexp2.Regexp
	pathname *regexp2.Regexp
}

func newPattern(p manifest.ImagePattern) pattern {
	path := p.Pathname
	if path == "" {
		path = "**"
	}
	out := pattern{ImagePattern: p, pathname: compileGlob(path, true)}
	if p.Hostname != "" {
		out.hostname = compileGlob(p.Hostname, false)
	}
	return out
}

// compileGlob returns nil for a glob that makes no regular expression.
func compileGlob(glob string, dot bool) *regexp2.Regexp {
	re, err := regexp2.Compile(globExpression(glob, dot))
	if err != nil {
		return nil
	}
	re.MatchTimeout = time.Second
	return re
}

func matches(re *regexp2.Regexp, s string) bool {
	if re == nil {
		return false
	}
	ok, err := re.MatchString(s)
	return err == nil && ok
}

// matchesLocal is next/dist/shared/lib/match-local-pattern.js.
func (p pattern) matchesLocal(u *whatwg.Url) bool {
	if p.Search != nil && *p.Search != u.Search() {
		return false
	}
	return matches(p.pathname, u.Pathname())
}

// matchesRemote is next/dist/shared/lib/match-remote-pattern.js.
func (p pattern) matchesRemote(u *whatwg.Url) bool {
	if p.Protocol != "" && strings.TrimSuffix(p.Protocol, ":") != strings.TrimSuffix(u.Protocol(), ":") {
		return false
	}
	if p.Port != nil && *p.Port != u.Port() {
		return false
	}
	if p.Search != nil && *p.Search != u.Search() {
		return false
	}
	return matches(p.hostname, u.Hostname()) && matches(p.pathname, u.Pathname())
}
