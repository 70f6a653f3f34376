package router

import (
	"slices"
	"strings"

	"pack/manifest"
)

// locales answers the questions of the Pages Router's i18n block. A nil
// config has no locales.
type locales struct {
	config *manifest.I18n
}

// cut takes the locale off the front of a path (normalize-locale-path.js); the
// locale is spelled as in the configuration, "" when there is none.
func (l *locales) cut(path string) (rest, locale string) {
	if l.config == nil || path == "" || path[0] != '/' {
		return path, ""
	}
	segment, _, _ := strings.Cut(path[1:], "/")
	if segment == "" {
		return path, ""
	}
	for _, locale := range l.config.Locales {
		if strings.EqualFold(segment, locale) {
			if rest := path[len(locale)+1:]; rest != "" {
				return rest, locale
			}
			return "/", locale
		}
	}
	return path, ""
}

// domain finds the domain of a host, or the one that serves a locale
// (detect-domain-locale.js).
func (l *locales) domain(hostname, locale string) *manifest.I18nDomain {
	if l.config == nil {
		return nil
	}
	for i := range l.config.Domains {
		d := &l.config.Domains[i]
		name, _, _ := strings.Cut(d.Domain, ":")
		if hostname != "" && hostname == strings.ToLower(name) ||
			locale != "" && (strings.EqualFold(locale, d.DefaultLocale) ||
				slices.ContainsFunc(d.Locales, func(other string) bool { return strings.EqualFold(other, locale) })) {
			return d
		}
	}
	return nil
}

// defaultFor is the default locale of a host.
func (l *locales) defaultFor(hostname string) string {
	if d := l.domain(hostname, ""); d != nil {
		return d.DefaultLocale
	}
	return l.config.DefaultLocale
}

// isDefault reports whether assets may be asked for under a locale: the
// app's or a domain's default.
func (l *locales) isDefault(locale string) bool {
	return locale == l.config.DefaultLocale || slices.ContainsFunc(l.config.Domains, func(d manifest.I18nDomain) bool {
		return d.DefaultLocale == locale
	})
}

// redirect is where a visitor of the home page is sent to get it in their
// language, or "" (get-locale-redirect.js and the call of it in
// router-server.js). path is the request's, without basePath.
func (l *locales) redirect(app manifest.App, path, query, hostname, cookie, acceptLanguage string) string {
	if l.config == nil || l.config.LocaleDetection != nil && !*l.config.LocaleDetection {
		return ""
	}
	if path != "/" && path != "/index" {
		return ""
	}
	here := l.domain(hostname, "")
	preferred := preferredLocale(acceptLanguage, l.config.Locales)
	detected := l.config.DefaultLocale
	chosen := cookieValue(cookie, "NEXT_LOCALE")
	known := slices.IndexFunc(l.config.Locales, func(locale string) bool { return strings.EqualFold(locale, chosen) })
	switch {
	case here != nil:
		detected = here.DefaultLocale
	case known >= 0:
		detected = l.config.Locales[known]
	case preferred != "":
		detected = preferred
	}
	if there := l.domain("", preferred); here != nil && there != nil {
		sameLocale := there.DefaultLocale == preferred
		if there.Domain != here.Domain || !sameLocale {
			scheme, locale := "https://", preferred
			if there.HTTP {
				scheme = "http://"
			}
			if sameLocale {
				locale = ""
			}
			return scheme + there.Domain + "/" + locale
		}
	}
	if strings.EqualFold(detected, l.defaultFor(hostname)) {
		return ""
	}
	location := app.BasePath + "/" + detected
	if app.TrailingSlash {
		location += "/"
	}
	if query != "" {
		location += "?" + escapeSearch(query)
	}
	return location
}
