package manifest

import (
	"fmt"
	"strings"
)

// defaultTokens say where senders put their secret unless pack.json says
// otherwise.
var defaultTokens = map[Sender]TokenSettings{
	Strapi:  {Header: "authorization", Prefix: "Bearer "},
	DatoCMS: {Basic: true},
}

var webhookName = pattern(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$`)

// environmentName is what Lambda takes for the name of a variable.
var environmentName = pattern(`^[a-zA-Z][a-zA-Z0-9_]+$`)

var headerName = pattern("^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$")

// webhooks reads pack.json's webhooks, with every mistake that needs no
// message to be seen.
func (d *strictJSON) webhooks(to *map[string]Webhook) field {
	return func(data []byte, path string) {
		*to = map[string]Webhook{}
		for _, e := range d.entries(data, path) {
			at := fmt.Sprintf("%s[%q]", path, e.key)
			if !webhookName().MatchString(e.key) {
				d.fail(at, "the name is part of an address", "use letters, digits, - and _, at most 64")
			}
			(*to)[e.key] = d.webhook(e, at)
		}
	}
}

func (d *strictJSON) webhook(e entry, at string) Webhook {
	var w Webhook
	d.object(e.value, at, map[string]field{
		"sender":    d.choice((*string)(&w.Sender), senders...),
		"secrets":   d.secrets(&w.Secrets),
		"signature": d.signature(&w.Signature),
		"token":     d.token(&w.Token),
		"events":    d.texts(&w.Events),
		"filter":    d.text(&w.Filter),
		"tags":      d.texts(&w.Tags),
		"paths":     d.texts(&w.Paths),
		"delivery":  d.text(&w.Delivery),
		"mode":      d.choice((*string)(&w.Mode), string(ExpireEntries), string(StaleEntries)),
		"window":    d.whole(&w.Window),
		"maxBody":   d.whole(&w.MaxBody),
	})
	if d.err == nil {
		d.checkWebhook(&w, at)
	}
	return w
}

func (d *strictJSON) checkWebhook(w *Webhook, at string) {
	switch {
	case w.Sender == "":
		d.fail(at, "the sender is missing", "say who sends: "+strings.Join(senders, ", "))
	case len(w.Secrets) == 0:
		d.fail(at, "the secrets are missing: anybody could send", `name an environment variable: "secrets": [{ "env": "WEBHOOK_SECRET" }]`)
	case w.Sender == HMAC && (w.Signature == nil || w.Signature.Header == ""):
		d.fail(at+".signature", "the sender \"hmac\" needs to know the header of the signature", `"signature": { "header": "x-signature" }`)
	case w.Sender != HMAC && w.Signature != nil:
		d.fail(at+".signature", fmt.Sprintf("%s signs in its own way", w.Sender), "leave the key out, or use the sender \"hmac\"")
	case len(w.Tags) == 0 && len(w.Paths) == 0:
		d.fail(at, "it refreshes nothing", "give tags or paths")
	case w.Window > MaxWebhookWindow:
		d.fail(at+".window", fmt.Sprintf("a day, %d seconds, is the most, and it is %d", MaxWebhookWindow, w.Window), "")
	case w.MaxBody > maxWebhookBody:
		d.fail(at+".maxBody", fmt.Sprintf("a Lambda function takes %d bytes at most, and it is %d", maxWebhookBody, w.MaxBody), "")
	}
	d.checkToken(w, at+".token")
	if w.Filter != "" {
		if _, err := ParseExpression(w.Filter); err != nil {
			d.fail(at+".filter", err.Error(), "an expression of JMESPath, as in _type == 'product'")
		}
	}
	if w.Delivery != "" {
		d.template(w.Delivery, at+".delivery")
	}
	for i, t := range w.Tags {
		d.template(t, fmt.Sprintf("%s.tags[%d]", at, i))
	}
	for i, t := range w.Paths {
		where := fmt.Sprintf("%s.paths[%d]", at, i)
		if !strings.HasPrefix(t, "/") && !strings.HasPrefix(t, "{") {
			d.fail(where, "a path begins with a slash", "write \"/"+t+"\"")
		}
		d.template(t, where)
	}
}

func (d *strictJSON) checkToken(w *Webhook, at string) {
	def, has := defaultTokens[w.Sender]
	if w.Sender != Token && w.Sender != WordPress && !has {
		if w.Token != nil {
			d.fail(at, fmt.Sprintf("%s sends no token, it proves itself in its own way", w.Sender), "leave the key out, or use the sender \"token\"")
		}
		return
	}
	if w.Token == nil && has {
		w.Token = &def
	}
	if w.Token == nil {
		d.fail(at, fmt.Sprintf("the sender %q needs to know where the secret is", w.Sender), `"token": { "header": "x-webhook-secret" }, { "query": "secret" } or { "basic": true }`)
		return
	}
	places := 0
	for _, set := range []bool{w.Token.Header != "", w.Token.Query != "", w.Token.Basic} {
		if set {
			places++
		}
	}
	if places != 1 {
		d.fail(at, "the secret is in exactly one place: header, query or basic", "")
	}
}

func (d *strictJSON) template(text, at string) {
	if _, err := ParseTemplate(text); err != nil {
		d.fail(at, err.Error(), `expressions of JMESPath go into braces, as in "product:{slug.current}"; a brace itself is written twice`)
	}
}

// secrets reads a list of {"env": NAME}.
func (d *strictJSON) secrets(to *[]Secret) field {
	return func(data []byte, path string) {
		for i, item := range d.items(data, path) {
			at := fmt.Sprintf("%s[%d]", path, i)
			var name string
			d.object(item, at, map[string]field{"env": d.text(&name)})
			if !environmentName().MatchString(name) {
				d.fail(at+".env", fmt.Sprintf("it must be the name of an environment variable, and is %q", name), "the secret itself does not belong into pack.json")
			}
			*to = append(*to, Secret{Env: name})
		}
	}
}

func (d *strictJSON) signature(to **SignatureSettings) field {
	return func(data []byte, path string) {
		var s SignatureSettings
		d.object(data, path, map[string]field{
			"header":    d.header(&s.Header),
			"prefix":    d.text(&s.Prefix),
			"algorithm": d.choice(&s.Algorithm, "sha256", "sha1", "sha512"),
			"encoding":  d.choice(&s.Encoding, "hex", "base64", "base64url"),
			"timestamp": d.header(&s.Timestamp),
			"separator": d.text(&s.Separator),
		})
		*to = &s
	}
}

func (d *strictJSON) token(to **TokenSettings) field {
	return func(data []byte, path string) {
		var t TokenSettings
		d.object(data, path, map[string]field{
			"header": d.header(&t.Header),
			"prefix": d.text(&t.Prefix),
			"query":  d.text(&t.Query),
			"basic":  d.flag(&t.Basic),
		})
		*to = &t
	}
}

func (d *strictJSON) header(to *string) field {
	return func(data []byte, path string) {
		d.text(to)(data, path)
		if d.err == nil && !headerName().MatchString(*to) {
			d.fail(path, fmt.Sprintf("it must be the name of a header, and is %q", *to), "")
		}
	}
}

func (d *strictJSON) flag(to *bool) field {
	return func(data []byte, path string) { d.value(data, path, "true or false", to) }
}
