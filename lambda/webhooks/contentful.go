package webhooks

import (
	"slices"
	"strings"
)

// verifyContentful follows @contentful/node-apps-toolkit 3.16.1,
// requests/sign-request and verify-request: the HMAC-SHA256, in hexadecimal, of
//
//	METHOD \n PATH \n NAME:VALUE;NAME:VALUE… \n BODY
//
// with the headers that x-contentful-signed-headers lists, in order of their
// names, and the path as encodeURI writes it. Contentful signs the headers of
// the webhook and its own two; both must be among them.
func verifyContentful(d *Delivery, secrets []string) (proof, error) {
	signature, err := hexText(d.Header.Get("X-Contentful-Signature"))
	stamp := strings.TrimSpace(d.Header.Get("X-Contentful-Timestamp"))
	signed, ok := moment(stamp)
	if err != nil || len(signature) == 0 || !ok {
		return proof{}, errMissing
	}
	var names []string
	for _, name := range strings.Split(d.Header.Get("X-Contentful-Signed-Headers"), ",") {
		names = append(names, strings.ToLower(strings.TrimSpace(name)))
	}
	if !slices.Contains(names, "x-contentful-timestamp") || !slices.Contains(names, "x-contentful-signed-headers") {
		return proof{}, errMissing
	}
	slices.Sort(names)
	var headers []string
	for _, name := range slices.Compact(names) {
		if values := d.Header.Values(name); len(values) > 0 {
			headers = append(headers, name+":"+strings.TrimSpace(strings.Join(values, ", ")))
		}
	}
	text := strings.Join([]string{d.Method, contentfulPath(d.Target), strings.Join(headers, ";"), string(d.Body)}, "\n")
	if !matches(sha256Hash, keysOf(secrets), [][]byte{signature}, text) {
		return proof{}, errMismatch
	}
	return proof{signed: signed, id: digest(text)}, nil
}

// contentfulPath is getNormalizedEncodedURI of requests/utils: the query goes
// through querystring.escape, then all of it through encodeURI, so that signs
// of percent come out double.
func contentfulPath(target string) string {
	path, rest, _ := strings.Cut(target, "?")
	query, _, _ := strings.Cut(rest, "?") // As JavaScript's destructured split does.
	if query != "" {
		path += "?" + percentEncode(query, "-_.!~*'()")
	}
	return percentEncode(path, "-_.!~*'();/?:@&=+$,#")
}

// percentEncode encodes all but letters, digits and the characters of keep, as
// encodeURI and encodeURIComponent do.
func percentEncode(text, keep string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte(keep, c) >= 0 {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
