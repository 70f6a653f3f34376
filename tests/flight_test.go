package tests_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// React numbers the rows of a payload, decides what becomes a row of its own,
// and cuts the payload into scripts, in the order in which parts of a page
// become ready: two renders of one page differ in all three. settleFlight puts
// every row in the place where it is referred to, so that only content is left.
func settleFlight(payload string) string {
	rows, rest := flightRows(payload)
	f := flight{rows: rows, open: make(map[string]bool)}
	root, ok := rows["0"]
	if !ok {
		return payload
	}
	settled := append([]string{stageLengths.ReplaceAllString(f.row(root), `"$1":0`)}, rest...)
	slices.Sort(settled[1:])
	return strings.Join(slices.Compact(settled), "\n")
}

var (
	// requestID is the key that Next gives the head of a page, new for every
	// request.
	requestID = regexp.MustCompile(`"(?:[A-Za-z0-9_-]{21}|[0-9a-f-]{36})([hmv])"`)
	// canonicalURL is the address that a page was rendered for: of a cached
	// page, that of whoever found it missing or stale, as he wrote it.
	canonicalURL = regexp.MustCompile(`"c":\["",[^]]*\]`)
	// prefetchHints are in the pages of the build only: whether a page still is
	// that of the build is up to the time.
	prefetchHints = regexp.MustCompile(`"h":\d+`)
	// stageLengths say after how many bytes of the payload its static stages end.
	stageLengths = regexp.MustCompile(`"([al])":\d+`)
	// errorDigest is the number of an error, made from its stack and thus from
	// where the app's files lie.
	errorDigest = regexp.MustCompile(`"digest":"\d+"`)
)

// flightRows splits a payload into rows by number and those without one: hints.
// A row is `id:json\n` or, for text, `id:T<length in hex>,<text>`.
func flightRows(payload string) (rows map[string]string, rest []string) {
	rows = make(map[string]string)
	for payload != "" {
		id, after, found := strings.Cut(payload, ":")
		if !found {
			return rows, append(rest, payload)
		}
		var row string
		if length, text, ok := strings.Cut(after, ","); ok && strings.HasPrefix(length, "T") {
			if n, err := strconv.ParseInt(length[1:], 16, 32); err == nil && int(n) <= len(text) {
				encoded, _ := json.Marshal(text[:n])
				rows[id], payload = string(encoded), text[n:]
				continue
			}
		}
		row, payload, _ = strings.Cut(after, "\n")
		row = requestID.ReplaceAllString(row, `"(request)$1"`)
		row = canonicalURL.ReplaceAllString(row, `"c":"(address)"`)
		row = prefetchHints.ReplaceAllString(row, `"h":0`)
		row = errorDigest.ReplaceAllString(row, `"digest":"(digest)"`)
		if id == "" {
			rest = append(rest, row)
		} else {
			rows[id] = row
		}
	}
	return rows, rest
}

// flight resolves references between rows.
type flight struct {
	rows map[string]string
	// open are the rows being written, which may refer to themselves.
	open map[string]bool
}

// flightReference is "$L1b", "$@c", "$2" or "$1b:props:children".
var flightReference = regexp.MustCompile(`^\$([L@QWBKFih]?)([0-9a-f]+)((?::.*)?)$`)

// row writes a row's content with all references resolved. What is not JSON,
// as a module's `I[…]` or an error's `E{…}`, has a letter before it.
func (f flight) row(row string) string {
	kind := ""
	if row != "" && row[0] >= 'A' && row[0] <= 'Z' {
		kind, row = row[:1], row[1:]
	}
	var value any
	if err := json.Unmarshal([]byte(row), &value); err != nil {
		return kind + row
	}
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(f.resolve(value))
	return kind + strings.TrimSpace(text.String())
}

func (f flight) resolve(value any) any {
	switch v := value.(type) {
	case []any:
		for i := range v {
			v[i] = f.resolve(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = f.resolve(v[name])
		}
	case string:
		found := flightReference.FindStringSubmatch(v)
		if found == nil {
			return v
		}
		id, path := found[2], found[3]
		row, ok := f.rows[id]
		if !ok || path != "" || f.open[id] {
			return fmt.Sprintf("$%s#%s", found[1], path)
		}
		f.open[id] = true
		defer delete(f.open, id)
		var inner any
		if json.Unmarshal([]byte(row), &inner) == nil {
			return f.resolve(inner)
		}
		return f.row(row)
	}
	return value
}

var flightScript = regexp.MustCompile(`<script>self\.__next_f\.push\(\[1,("(?:[^"\\]|\\.)*")\]\)</script>`)

// settlePage settles the payload inside a page and puts it at the page's end.
func settlePage(html string) string {
	var payload strings.Builder
	rest := flightScript.ReplaceAllStringFunc(html, func(script string) string {
		var text string
		if err := json.Unmarshal([]byte(flightScript.FindStringSubmatch(script)[1]), &text); err != nil {
			return script
		}
		payload.WriteString(text)
		return ""
	})
	if payload.Len() == 0 {
		return html
	}
	return rest + "\n" + settleFlight(payload.String())
}

func TestFlightOfOneContentSettlesAlike(t *testing.T) {
	one := "1:\"$Sreact.fragment\"\n2:I[7,[\"$1\"],\"Card\"]\n3:T5,a\nb:c:HL[\"x\"]\n0:[\"$\",\"$L2\",null,{\"note\":\"$3\",\"more\":\"$L4\"}]\n4:[\"$\",\"p\",null,{}]\n"
	other := "1:\"$Sreact.fragment\"\na:T5,a\nb:c0:[\"$\",\"$Lb\",null,{\"note\":\"$a\",\"more\":[\"$\",\"p\",null,{}]}]\n:HL[\"x\"]\nb:I[7,[\"$1\"],\"Card\"]\n"
	if settleFlight(one) != settleFlight(other) {
		t.Errorf("these settle differently:\n%s\n%s", settleFlight(one), settleFlight(other))
	}
	for _, changed := range []string{strings.Replace(other, "Card", "Cart", 1), strings.Replace(other, `"p"`, `"b"`, 1), strings.Replace(other, `"x"`, `"y"`, 1)} {
		if settleFlight(one) == settleFlight(changed) {
			t.Errorf("a change is not seen: %s", settleFlight(changed))
		}
	}
	page := `<p>x</p><script>self.__next_f.push([1,"0:\"a\"\n"])</script>`
	if got, want := settlePage(page), "<p>x</p>\n\"a\""; got != want {
		t.Errorf("page settles to %q, want %q", got, want)
	}
}
