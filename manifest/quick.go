package manifest

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// decodeQuickly decodes a Deployment document that is written as Encode and
// EncodeServed write it. ok is false for any other, which may be as right:
// encoding/json decides then. The lists are read by hand, and their texts are
// parts of one string: encoding/json takes more than twice as long, for a site of a
// thousand pages longer than all the rest of a gateway's start.
func decodeQuickly(data []byte) (d Deployment, ok bool) {
	r := &quickReader{text: string(data)}
	seen := map[string]bool{}
	r.object(func(key string) {
		r.odd = r.odd || seen[key]
		seen[key] = true
		switch key {
		case "schema":
			d.Schema = int(r.number())
		case "id":
			d.ID = r.string()
		case "buildId":
			d.BuildID = r.string()
		case "nextVersion":
			d.NextVersion = r.string()
		case "functions":
			d.Functions = quickList(r, r.function)
		case "outputs":
			d.Outputs = quickList(r, r.output)
		case "pages":
			d.Pages = quickList(r, r.page)
		case "assets":
			d.Assets = quickList(r, r.asset)
		case "app":
			r.any(&d.App)
		case "routing":
			r.any(&d.Routing)
		case "webhooks":
			r.any(&d.Webhooks)
		case "jobs":
			r.any(&d.Jobs)
		case "crons":
			r.any(&d.Crons)
		default:
			r.odd = true
		}
	})
	r.space()
	return d, !r.odd && r.at == len(r.text)
}

func (r *quickReader) function(f *Function) {
	r.object(func(key string) {
		switch key {
		case "name":
			f.Name = r.string()
		case "kind":
			f.Kind = FunctionKind(r.string())
		case "entries":
			r.odd = r.odd || f.Entries != nil
			f.Entries = quickList(r, r.entry)
		case "maxDuration":
			f.MaxDuration = int(r.number())
		case "memory":
			f.Memory = int(r.number())
		case "architecture":
			f.Architecture = Architecture(r.string())
		case "regions":
			f.Regions = r.strings()
		case "environment":
			r.odd = r.odd || f.Environment != nil
			r.any(&f.Environment)
		case "archive":
			r.odd = r.odd || f.Archive != nil
			r.any(&f.Archive)
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) entry(e *Entry) {
	r.object(func(key string) {
		switch key {
		case "file":
			e.File = r.string()
		case "runtime":
			e.Runtime = r.string()
		case "type":
			e.Type = r.string()
		case "page":
			e.Page = r.string()
		case "pathname":
			e.Pathname = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) output(o *Output) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			o.Pathname = r.string()
		case "type":
			o.Type = r.string()
		case "runtime":
			o.Runtime = r.string()
		case "function":
			o.Function = r.string()
		case "entry":
			o.Entry = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) page(p *Page) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			p.Pathname = r.string()
		case "route":
			p.Route = r.string()
		case "kind":
			p.Kind = r.string()
		case "function":
			p.Function = r.string()
		case "key":
			p.Key = r.string()
		case "template":
			p.Template = r.bool()
		case "parts":
			r.odd = r.odd || p.Parts != nil
			p.Parts = quickList(r, r.part)
		case "seed":
			r.odd = r.odd || p.Seed != nil
			r.any(&p.Seed)
		case "notFound":
			p.NotFound = r.bool()
		case "allowQuery":
			p.AllowQuery = r.strings()
		case "bypassFor":
			r.odd = r.odd || p.BypassFor != nil
			p.BypassFor = quickList(r, r.condition)
		case "partiallyStatic":
			p.PartiallyStatic = r.bool()
		case "completable":
			p.Completable = r.bool()
		case "partialFallback":
			p.PartialFallback = r.bool()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) part(p *Part) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			p.Pathname = r.string()
		case "name":
			p.Name = r.string()
		case "headers":
			r.odd = r.odd || p.Headers != nil
			r.any(&p.Headers)
		case "file":
			p.File = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) condition(c *Condition) {
	r.object(func(key string) {
		switch key {
		case "type":
			c.Type = r.string()
		case "key":
			c.Key = r.string()
		case "value":
			c.Value = r.string()
		default:
			r.odd = true
		}
	})
}

func (r *quickReader) asset(a *Asset) {
	r.object(func(key string) {
		switch key {
		case "pathname":
			a.Pathname = r.string()
		case "file":
			a.File = r.string()
		case "size":
			a.Size = r.number()
		case "digest":
			a.Digest = r.string()
		case "source":
			a.Source = r.string()
		case "immutable":
			a.Immutable = r.bool()
		default:
			r.odd = true
		}
	})
}

// quickReader reads JSON (RFC 8259) whose form is known. What it does not expect,
// mistakes among it, makes it odd, and ends every loop.
type quickReader struct {
	text string
	at   int
	odd  bool
}

func (r *quickReader) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\n', '\t', '\r':
			r.at++
		default:
			return
		}
	}
}

// eat takes one character if it is the next.
func (r *quickReader) eat(c byte) bool {
	r.space()
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

// word takes a literal if it is the next.
func (r *quickReader) word(w string) bool {
	r.space()
	if strings.HasPrefix(r.text[r.at:], w) {
		r.at += len(w)
		return true
	}
	return false
}

// each takes what is between two brackets, separated by commas.
func (r *quickReader) each(open, end byte, item func()) {
	if !r.eat(open) {
		r.odd = true
		return
	}
	if r.eat(end) {
		return
	}
	for !r.odd {
		item()
		if !r.eat(',') {
			r.odd = r.odd || !r.eat(end)
			return
		}
	}
}

func (r *quickReader) object(value func(key string)) {
	r.each('{', '}', func() {
		key := r.string()
		if !r.eat(':') {
			r.odd = true
		}
		if !r.odd {
			value(key)
		}
	})
}

// quickList takes a list; null is none.
func quickList[T any](r *quickReader, read func(*T)) []T {
	if r.word("null") {
		return nil
	}
	list := []T{}
	r.each('[', ']', func() {
		var item T
		read(&item)
		list = append(list, item)
	})
	return list
}

func (r *quickReader) strings() []string {
	return quickList(r, func(s *string) { *s = r.string() })
}

func (r *quickReader) string() string {
	if !r.eat('"') {
		r.odd = true
		return ""
	}
	for i := r.at; i < len(r.text); i++ {
		switch c := r.text[i]; {
		case c == '"':
			s := r.text[r.at:i]
			r.at = i + 1
			return s
		case c < ' ' || c == '\\' || c >= utf8.RuneSelf:
			r.at--
			var s string
			r.any(&s)
			return s
		}
	}
	r.odd = true
	return ""
}

func (r *quickReader) bool() bool {
	if r.word("true") {
		return true
	}
	r.odd = r.odd || !r.word("false")
	return false
}

// number takes a whole number from 0 on.
func (r *quickReader) number() int64 {
	r.space()
	begin := r.at
	for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
		r.at++
	}
	digits := r.text[begin:r.at]
	n, err := strconv.ParseInt(digits, 10, 0)
	r.odd = r.odd || err != nil || digits[0] == '0' && len(digits) > 1
	return n
}

// any has encoding/json take one value.
func (r *quickReader) any(to any) {
	r.space()
	begin := r.at
	r.skip()
	if r.odd || json.Unmarshal([]byte(r.text[begin:r.at]), to) != nil {
		r.odd = true
	}
}

// skip passes over one value, of which it only finds the end.
func (r *quickReader) skip() {
	depth := 0
	for r.at < len(r.text) {
		c := r.text[r.at]
		r.at++
		switch c {
		case '"':
			for r.at < len(r.text) && r.text[r.at] != '"' {
				if r.text[r.at] == '\\' {
					r.at++
				}
				r.at++
			}
			if r.at++; r.at > len(r.text) {
				r.at, r.odd = len(r.text), true
				return
			}
		case '{', '[':
			depth++
			continue
		case '}', ']':
			depth--
		default:
			// A number or a literal goes on to the next mark.
			if depth > 0 {
				continue
			}
			for r.at < len(r.text) && !strings.ContainsRune(",]} \n\t\r", rune(r.text[r.at])) {
				r.at++
			}
		}
		if depth <= 0 {
			return
		}
	}
	r.odd = true
}
