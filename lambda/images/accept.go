package images

import (
	"cmp"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// mediaRange is one element of an Accept header (RFC 9110, section 12.5.1).
type mediaRange struct {
	kind, sub string
	weight    float64
	params    int
	at        int
}

var (
	errAccept  = errors.New("invalid accept header")
	validMedia = regexp.MustCompile("^\\*/\\*|[\\w!#$%&'*+\\-.^`|~]+/\\*|[\\w!#$%&'*+\\-.^`|~]+/[\\w!#$%&'*+\\-.^`|~]+$")
	quotedText = regexp.MustCompile(`="[^"]*"`)
	leadNumber = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?`)
)

// negotiate chooses the type to encode to among the app's formats; empty keeps
// the original's. A format counts only where the header names it: clients that
// send */* get no WebP. The order is @hapi/accept's, which Next uses: weight
// first, then the alphabet. A malformed parameter is an exception there, so it
// answers 500 here.
func negotiate(accept string, formats []string) (string, error) {
	ranges, err := parseAccept(accept)
	if err != nil {
		return "", err
	}
	for _, r := range ranges {
		if r.weight == 0 {
			continue
		}
		switch {
		case r.kind == "*":
			// A wildcard stands for the first format that isn't named. Next
			// then looks for that name in the header, so it decides only when
			// the name is there in another form.
			for _, format := range formats {
				if !named(ranges, format) {
					return onlyNamed(accept, format), nil
				}
			}
		case r.sub == "*":
			for _, format := range formats {
				if strings.HasPrefix(format, r.kind+"/") && !named(ranges, format) {
					return onlyNamed(accept, format), nil
				}
			}
		case slices.Contains(formats, r.kind+"/"+r.sub):
			return onlyNamed(accept, r.kind+"/"+r.sub), nil
		}
	}
	return "", nil
}

func onlyNamed(accept, format string) string {
	if strings.Contains(accept, format) {
		return format
	}
	return ""
}

func named(ranges []mediaRange, format string) bool {
	return slices.ContainsFunc(ranges, func(r mediaRange) bool { return r.kind+"/"+r.sub == format })
}

// parseAccept returns the header's ranges, the preferred one first.
func parseAccept(accept string) ([]mediaRange, error) {
	if accept == "" {
		accept = "*/*"
	}
	accept = quotedText.ReplaceAllString(accept, "=_")
	accept = strings.NewReplacer(" ", "", "\t", "").Replace(accept)
	var ranges []mediaRange
	for at, part := range strings.Split(accept, ",") {
		fields := strings.Split(part, ";")
		token := strings.ToLower(fields[0])
		if part == "" || !validMedia.MatchString(token) {
			continue
		}
		r := mediaRange{weight: 1, at: at}
		r.kind, r.sub, _ = strings.Cut(token, "/")
		for _, field := range fields[1:] {
			name, value, found := strings.Cut(field, "=")
			if !found || value == "" || strings.Contains(value, "=") {
				return nil, errAccept
			}
			if name == "q" || name == "Q" {
				r.weight = weight(value)
			} else {
				r.params++
			}
		}
		ranges = append(ranges, r)
	}
	slices.SortStableFunc(ranges, func(a, b mediaRange) int {
		return cmp.Or(
			cmp.Compare(b.weight, a.weight),
			compareNames(a.kind, b.kind),
			compareNames(a.sub, b.sub),
			cmp.Compare(b.params, a.params),
			cmp.Compare(a.at, b.at),
		)
	})
	return ranges, nil
}

// compareNames puts wildcards last.
func compareNames(a, b string) int {
	switch {
	case a == b:
		return 0
	case a == "*":
		return 1
	case b == "*":
		return -1
	}
	return strings.Compare(a, b)
}

// weight reads a q value; what isn't one counts as 1.
func weight(value string) float64 {
	q, err := strconv.ParseFloat(leadNumber.FindString(value), 64)
	if err != nil || q > 1 || q < 0.001 && q != 0 {
		return 1
	}
	return q
}
