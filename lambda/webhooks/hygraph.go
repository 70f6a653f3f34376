package webhooks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// verifyHygraph follows @hygraph/utils 1.2.1: gcms-signature is
// "sign=<base64>, env=<name>, t=<milliseconds>", the HMAC-SHA256 of what
// JSON.stringify makes of {Body, EnvironmentName, TimeStamp}, with the raw body
// as a string.
func verifyHygraph(d *Delivery, secrets []string) (proof, error) {
	parts := strings.Split(d.Header.Get("Gcms-Signature"), ", ")
	if len(parts) != 3 {
		return proof{}, errMissing
	}
	text, isSign := strings.CutPrefix(parts[0], "sign=")
	environment, isEnv := strings.CutPrefix(parts[1], "env=")
	stamp, isTime := strings.CutPrefix(parts[2], "t=")
	signature, err := base64Text(text)
	signed, ok := moment(stamp)
	if !isSign || !isEnv || !isTime || err != nil || !ok {
		return proof{}, errMissing
	}
	// parseInt takes leading zeros off.
	number := strings.TrimLeft(stamp[:len(stamp)-1], "0") + stamp[len(stamp)-1:]
	content := `{"Body":` + stringify(string(d.Body)) + `,"EnvironmentName":` + stringify(environment) + `,"TimeStamp":` + number + `}`
	if !matches(sha256Hash, keysOf(secrets), [][]byte{signature}, content) {
		return proof{}, errMismatch
	}
	return proof{signed: signed, id: digest(content)}, nil
}

// stringify writes a string as JSON.stringify does (ECMA-262, QuoteJSONString).
// encoding/json would escape U+2028 and U+2029.
func stringify(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x20:
			fmt.Fprintf(&b, `\u%04x`, r)
		case r == utf8.RuneError:
			b.WriteRune(utf8.RuneError) // What Node makes of bytes that are no text.
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
