package event

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// PreludeEnd separates the prelude from the body.
var PreludeEnd = make([]byte, 8)

// appendPrelude appends what precedes the body: AWS Lambda Developer Guide,
// "Response streaming", http-integration-response. It is written by hand: what
// encoding/json has to learn of a type first takes longer than a cached page's
// whole answer, on each cold start.
func appendPrelude(b []byte, status int, header http.Header) []byte {
	b = append(b, `{"statusCode":`...)
	b = strconv.AppendInt(b, int64(status), 10)
	b = append(b, `,"headers":{`...)
	comma := false
	for _, name := range slices.Sorted(maps.Keys(header)) {
		// A name without values keeps servers from guessing one.
		if values := header[name]; len(values) > 0 && name != setCookie {
			if comma {
				b = append(b, ',')
			}
			comma = true
			b = appendText(b, strings.ToLower(name))
			b = append(b, ':')
			b = appendText(b, text(joined(name, values)))
		}
	}
	b = append(b, '}')
	for i, cookie := range header[setCookie] {
		if i == 0 {
			b = append(b, `,"cookies":[`...)
		} else {
			b = append(b, ',')
		}
		b = appendText(b, cookie)
	}
	if len(header[setCookie]) > 0 {
		b = append(b, ']')
	}
	return append(append(b, '}'), PreludeEnd...)
}

// setCookie has values that cannot be joined.
const setCookie = "Set-Cookie"

// joined is the one value that an answer of Lambda has for a name. Next sends
// the Location of a page that it has just rendered twice, and browsers take the
// first.
func joined(name string, values []string) string {
	if name == "Location" {
		return values[0]
	}
	return strings.Join(values, ", ")
}

// text makes a header value fit for JSON: Node writes bytes as ISO 8859-1.
func text(value string) string {
	if utf8.ValidString(value) {
		return value
	}
	runes := make([]rune, len(value))
	for i := range len(value) {
		runes[i] = rune(value[i])
	}
	return string(runes)
}

// appendText appends a string as JSON (RFC 8259, section 7).
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			quoted, _ := json.Marshal(s) // A string cannot fail.
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}
