package router

import (
	"net/http"
	"strings"
)

// header, cookie, parameter and hostname are what conditions look at.

func (s *resolution) header(name string) string {
	if name == "Host" {
		return s.request.Host
	}
	return headerValue(s.headers, name)
}

func (s *resolution) cookie(name string) string {
	return cookieValue(headerValue(s.headers, "Cookie"), name)
}

func (s *resolution) parameter(name string) string {
	value, _ := s.queryPairs().last(name)
	return value
}

func (s *resolution) hostname() string {
	if s.host == "" {
		host, _, _ := strings.Cut(s.request.Host, ":")
		s.host = strings.ToLower(host)
	}
	return s.host
}

// queryPairs decodes the current query when it is first needed.
func (s *resolution) queryPairs() Query {
	if !s.queryParsed {
		s.query, s.queryParsed = ParseQuery(s.rawQuery), true
	}
	return s.query
}

// initialPairs is the query of the request itself.
func (s *resolution) initialPairs() Query {
	if s.initial == nil {
		_, query := splitTarget(s.request.Target)
		s.initial = ParseQuery(query)
	}
	return s.initial
}

// redirectLocale sends a visitor of the home page to it in their language.
func (s *resolution) redirectLocale(path string) *Result {
	if s.router.locales.config == nil {
		return nil
	}
	location := s.router.locales.redirect(s.router.app, cutPrefix(path, s.router.app.BasePath), s.rawQuery,
		s.hostname(), headerValue(s.headers, "Cookie"), headerValue(s.headers, "Accept-Language"))
	if location == "" {
		return nil
	}
	return s.redirect(location, http.StatusTemporaryRedirect)
}

// addLocale puts the default locale in front of a path that names none: the
// rules of an app with i18n are written for such paths.
func (s *resolution) addLocale() {
	if s.router.locales.config == nil {
		return
	}
	base := s.router.app.BasePath
	rest, locale := s.router.locales.cut(cutPrefix(s.path, base))
	s.defaultLocale = s.router.locales.defaultFor(s.hostname())
	s.locale, s.localeInPath = locale, locale != ""
	if s.localeInPath {
		return
	}
	s.locale = s.defaultLocale
	if strings.HasPrefix(rest, "/_next/") {
		// Data is asked for in a language, also where no proxy makes a page of it.
		if page, ok := s.router.pageOfData(s.path); ok {
			s.takeLocale(s.router.addBase(page))
		}
		return
	}
	hadSlash := strings.HasSuffix(s.path, "/")
	localized := prefixed(s.defaultLocale, rest)
	if underPrefix(s.path, base) {
		localized = base + localized
	}
	if s.path = localized; hadSlash {
		s.path = s.router.slashed(s.path)
	}
}

// prefixed puts a locale in front of a path.
func prefixed(locale, path string) string {
	if path == "/" {
		return "/" + locale
	}
	return "/" + locale + path
}

// takeData turns a data request into one for its page where the app has a
// proxy: matchers, redirects and rewrites are written for pages.
func (s *resolution) takeData() {
	if !s.router.normalizeData || !s.router.isData(s.path) {
		return
	}
	s.dataHeader = true
	s.headers = s.headers.Clone()
	if s.headers == nil {
		s.headers = http.Header{}
	}
	s.headers.Set(headerData, "1")
	page, ok := s.router.pageOfData(s.path)
	if !ok {
		return
	}
	s.data = true
	if s.router.locales.config != nil {
		rest, locale := s.router.locales.cut(page)
		switch {
		case locale != "":
			s.locale, page = locale, prefixed(locale, rest)
		case !strings.HasPrefix(rest, "/_next/"):
			page = prefixed(s.defaultLocale, rest)
		}
	}
	s.path = s.router.slashed(s.router.addBase(page))
}

// takeLocale notes the locale of a path that a rewrite led to.
func (s *resolution) takeLocale(path string) {
	if _, locale := s.router.locales.cut(cutPrefix(path, s.router.app.BasePath)); locale != "" {
		s.locale = locale
	}
}

// withoutLocale takes the locale out of a path; false when it has none.
func (s *resolution) withoutLocale(path string) (string, bool) {
	if s.router.locales.config == nil {
		return path, false
	}
	base := s.router.app.BasePath
	rest, locale := s.router.locales.cut(cutPrefix(path, base))
	if locale == "" {
		return path, false
	}
	if underPrefix(path, base) {
		return s.router.addBase(rest), true
	}
	return rest, true
}

// withoutDefaultLocale is the current path as Next's internal rules see it.
func (s *resolution) withoutDefaultLocale() string {
	if s.router.locales.config == nil {
		return s.path
	}
	rest, ok := s.withoutLocale(s.path)
	if _, locale := s.router.locales.cut(cutPrefix(s.path, s.router.app.BasePath)); !ok || locale != s.defaultLocale {
		return s.path
	}
	if strings.HasSuffix(s.path, "/") {
		return s.router.slashed(rest)
	}
	return rest
}

// spelled is a path whose locale is spelled as the app spells it.
func (s *resolution) spelled(path string) string {
	if s.router.locales.config == nil {
		return path
	}
	base := s.router.app.BasePath
	rest, locale := s.router.locales.cut(cutPrefix(path, base))
	if locale == "" || !underPrefix(path, base) || strings.HasPrefix(path[len(base):], "/"+locale) {
		return path
	}
	return base + prefixed(locale, rest)
}

// underLocale puts the default locale in front of an API route's path, where
// proxy.ts has led to it: its rewrites have one otherwise, and the patterns of
// dynamic routes expect one.
func (s *resolution) underLocale(path string) string {
	base := s.router.app.BasePath
	if s.router.locales.config == nil || !underPrefix(path, base) || !underPrefix(cutPrefix(path, base), "/api") {
		return path
	}
	return base + prefixed(s.defaultLocale, cutPrefix(path, base))
}

// isLocalizedAPI reports whether the visitor asked for an API route under a
// locale, which has none.
func (s *resolution) isLocalizedAPI() bool {
	if !s.localeInPath || s.rewritten {
		return false
	}
	rest, ok := s.withoutLocale(s.path)
	return ok && underPrefix(cutPrefix(rest, s.router.app.BasePath), "/api")
}

// isImage reports whether the image optimizer is asked.
func (s *resolution) isImage() bool {
	return strings.TrimSuffix(s.path, "/") == s.router.app.BasePath+"/_next/image"
}

// find looks a path up: as it stands, with its locale spelled as configured, and
// without a locale. Assets exist under default locales only, outputs of the App
// Router under the default one.
func (s *resolution) find(path string) (target *address, malformed bool) {
	if !underPrefix(path, s.router.app.BasePath) {
		return nil, false // However it is spelled otherwise: matchers know one spelling.
	}
	if target, malformed = s.router.addresses.find(path, s.router.locales.config != nil); target != nil || s.router.locales.config == nil {
		return target, malformed
	}
	base := s.router.app.BasePath
	rest, locale := s.router.locales.cut(cutPrefix(path, base))
	if locale == "" {
		return nil, false
	}
	if target, malformed = s.router.addresses.find(base+prefixed(locale, rest), true); target != nil {
		return target, malformed
	}
	if target, malformed = s.router.addresses.find(s.router.addBase(rest), true); target == nil {
		return nil, false
	}
	// A second locale, or one in front of data, is a spelling that no matcher of
	// proxy.ts is written for.
	page := cutPrefix(target.pathname, base)
	if _, second := s.router.locales.cut(page); second != "" || strings.HasPrefix(page, dataFolder) {
		return nil, false
	}
	switch {
	case target.kind == Asset && !s.router.locales.isDefault(locale),
		target.app && locale != s.router.locales.config.DefaultLocale:
		return nil, false
	}
	return target, malformed
}
