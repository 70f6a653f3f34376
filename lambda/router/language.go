package router

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
)

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
