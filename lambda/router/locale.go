package router

import (
	"cmp"
	"math"
	"slices"
	"strconv"
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

// offer is a locale of the app, or a prefix of one, that a header may name.
type offer struct {
	lower, locale string
	rank          int
}

// offersOf lists the locales and their prefixes in order; a locale of the
// app's own takes over from a prefix of an earlier one, in its place.
func offersOf(locales []string) []offer {
	var offers []offer
	rank := 0
	for _, locale := range locales {
		lower := strings.ToLower(locale)
		named := func(o offer) bool { return o.lower == lower }
		if at := slices.IndexFunc(offers, named); at >= 0 {
			offers[at] = offer{lower, locale, rank}
		} else {
			offers = append(offers, offer{lower, locale, rank})
		}
		rank++
		for dash := strings.LastIndexByte(lower, '-'); dash > 0; dash = strings.LastIndexByte(lower, '-') {
			lower = lower[:dash]
			if !slices.ContainsFunc(offers, named) {
				offers = append(offers, offer{lower, locale, rank})
				rank++
			}
		}
	}
	return offers
}

// language is one entry of an Accept-Language header.
type language struct {
	tag     string
	quality float64
	// rank is the place among the app's locales, or the largest number.
	rank int
}

// preferredLocale picks the locale for an Accept-Language header (RFC 9110,
// 12.5.4) as next/dist/server/accept-header.js does: by quality, then by the
// order of the locales; "en" in the header also takes "en-US". It is "" when
// nothing fits or the header is malformed.
func preferredLocale(header string, offered []string) string {
	if header == "" {
		return ""
	}
	offers := offersOf(offered)
	var languages []language
	named := map[string]bool{}
	for part := range strings.SplitSeq(strings.NewReplacer(" ", "", "\t", "").Replace(header), ",") {
		if part == "" {
			continue
		}
		tag, parameters, more := strings.Cut(strings.ToLower(part), ";")
		if tag == "" || strings.Contains(parameters, ";") {
			return ""
		}
		lang := language{tag: tag, quality: 1, rank: math.MaxInt}
		if at := slices.IndexFunc(offers, func(o offer) bool { return o.lower == tag }); at >= 0 {
			lang.rank = offers[at].rank
		}
		named[tag] = true
		if more {
			key, value, _ := strings.Cut(parameters, "=")
			if key != "q" || value == "" {
				return ""
			}
			quality, err := strconv.ParseFloat(value, 64)
			if err == nil && quality == 0 {
				continue
			}
			if err == nil && quality <= 1 && quality >= 0.001 {
				lang.quality = quality
			}
		}
		languages = append(languages, lang)
	}
	slices.SortStableFunc(languages, func(a, b language) int {
		return cmp.Or(cmp.Compare(b.quality, a.quality), cmp.Compare(a.rank, b.rank))
	})
	for _, lang := range languages {
		for _, o := range offers {
			if lang.tag == o.lower || lang.tag == "*" && !named[o.lower] {
				return o.locale
			}
		}
	}
	return ""
}
