package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// Sender is who sends a webhook, and so how it proves where it comes from. It
// is always said and never guessed: Storyblok's and Standard Webhooks'
// signatures come in headers of the same name.
type Sender string

// The senders that pack knows; docs/webhooks.md says what each one signs.
const (
	Contentful       Sender = "contentful"
	Contentstack     Sender = "contentstack"
	ContentstackHMAC Sender = "contentstack-hmac"
	DatoCMS          Sender = "datocms"
	GitHub           Sender = "github"
	HMAC             Sender = "hmac"
	Hygraph          Sender = "hygraph"
	KontentAI        Sender = "kontent-ai"
	Prismic          Sender = "prismic"
	Sanity           Sender = "sanity"
	Shopify          Sender = "shopify"
	StandardWebhooks Sender = "standard-webhooks"
	Storyblok        Sender = "storyblok"
	Strapi           Sender = "strapi"
	Token            Sender = "token"
	WooCommerce      Sender = "woocommerce"
	WordPress        Sender = "wordpress"
)

var senders = []string{
	string(Contentful), string(Contentstack), string(ContentstackHMAC), string(DatoCMS), string(GitHub), string(HMAC),
	string(Hygraph), string(KontentAI), string(Prismic), string(Sanity), string(Shopify), string(StandardWebhooks),
	string(Storyblok), string(Strapi), string(Token), string(WooCommerce), string(WordPress),
}

// RefreshMode is what a webhook does to the entries that it names.
type RefreshMode string

const (
	// ExpireEntries: the next reader gets a new render, as after Next's
	// revalidateTag(tag) and revalidatePath. The zero value means it too.
	ExpireEntries RefreshMode = "expire"
	// StaleEntries: the next reader gets the old page while a new one is
	// rendered, as after revalidateTag(tag, "max").
	StaleEntries RefreshMode = "stale"
)

// What holds where pack.json says nothing of it.
const (
	// DefaultWebhookWindow is in seconds: how old a signed time may be, that of
	// Standard Webhooks and most senders' libraries.
	DefaultWebhookWindow = 300
	// MaxWebhookWindow is in seconds.
	MaxWebhookWindow = 24 * 60 * 60
	// DefaultWebhookBody is in bytes.
	DefaultWebhookBody = 1 << 20
	// maxWebhookBody is what a Lambda function takes at most.
	maxWebhookBody = 6 << 20
)

// Webhook is one endpoint, /_pack/webhooks/<name>: whom it believes, and what
// its messages refresh.
type Webhook struct {
	// Name is empty in PackSettings, where it is the key.
	Name   string `json:"name,omitempty"`
	Sender Sender `json:"sender"`
	// Secrets: any one of them may prove a message, so that a secret can be
	// changed without a gap.
	Secrets []Secret `json:"secrets"`
	// Signature is of the sender "hmac", Token of those that send a shared
	// secret along.
	Signature *SignatureSettings `json:"signature,omitempty"`
	Token     *TokenSettings     `json:"token,omitempty"`
	// Events are the only ones that count; none means all do.
	Events []string `json:"events,omitempty"`
	// Filter is a JMESPath expression; the message counts if it is true.
	Filter string `json:"filter,omitempty"`
	// Tags and Paths are Templates of what to refresh.
	Tags  []string `json:"tags,omitempty"`
	Paths []string `json:"paths,omitempty"`
	// Delivery is a Template of what tells a message from others; empty means
	// the sender's own, where it has one.
	Delivery string      `json:"delivery,omitempty"`
	Mode     RefreshMode `json:"mode,omitempty"`
	// Window is in seconds, MaxBody in bytes. In a Deployment Mode is never
	// empty and these are never 0.
	Window  int `json:"window,omitempty"`
	MaxBody int `json:"maxBody,omitempty"`
}

// Secret says where a secret is. Its value is in no file of pack's.
type Secret struct {
	// Env is the name of an environment variable.
	Env string `json:"env"`
}

// SignatureSettings describe an HMAC over the raw body.
type SignatureSettings struct {
	// Header carries the signature, after Prefix.
	Header string `json:"header"`
	Prefix string `json:"prefix,omitempty"`
	// Algorithm is sha256, sha1 or sha512; empty means sha256.
	Algorithm string `json:"algorithm,omitempty"`
	// Encoding is hex, base64 or base64url; empty means hex.
	Encoding string `json:"encoding,omitempty"`
	// Timestamp is the header of the time of signing, in seconds or
	// milliseconds since 1970; what is signed is then the time, Separator and
	// the body. Empty: the body alone is signed, and messages never grow old.
	Timestamp string `json:"timestamp,omitempty"`
	// Separator is "." when empty.
	Separator string `json:"separator,omitempty"`
}

// TokenSettings say where a shared secret comes. Exactly one of Header, Query
// and Basic is set.
type TokenSettings struct {
	// Header is compared whole, after Prefix.
	Header string `json:"header,omitempty"`
	Prefix string `json:"prefix,omitempty"`
	// Query is a parameter of the URL.
	Query string `json:"query,omitempty"`
	// Basic is HTTP's basic authentication; the secret is "user:password".
	Basic bool `json:"basic,omitempty"`
}

// defaultTokens say where senders put their secret unless pack.json says
// otherwise.
var defaultTokens = map[Sender]TokenSettings{
	Strapi:  {Header: "authorization", Prefix: "Bearer "},
	DatoCMS: {Basic: true},
}

var webhookName = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}$`)

// environmentName is what Lambda takes for the name of a variable.
var environmentName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

var headerName = regexp.MustCompile("^[a-zA-Z0-9!#$%&'*+.^_`|~-]+$")

// webhooks reads pack.json's webhooks, with every mistake that needs no
// message to be seen.
func (d *strictJSON) webhooks(to *map[string]Webhook) field {
	return func(data []byte, path string) {
		*to = map[string]Webhook{}
		for _, e := range d.entries(data, path) {
			at := fmt.Sprintf("%s[%q]", path, e.key)
			if !webhookName.MatchString(e.key) {
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
			if !environmentName.MatchString(name) {
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
		if d.err == nil && !headerName.MatchString(*to) {
			d.fail(path, fmt.Sprintf("it must be the name of a header, and is %q", *to), "")
		}
	}
}

func (d *strictJSON) flag(to *bool) field {
	return func(data []byte, path string) { d.value(data, path, "true or false", to) }
}

// Planned gives the webhook as a Deployment has it: with its name, and the
// defaults where pack.json says nothing.
func (w Webhook) Planned(name string) Webhook {
	w.Name = name
	w.Mode = cmp.Or(w.Mode, ExpireEntries)
	w.Window = cmp.Or(w.Window, DefaultWebhookWindow)
	w.MaxBody = cmp.Or(w.MaxBody, DefaultWebhookBody)
	return w
}

// addWebhooks takes the endpoints over, sorted by name.
func (p *planner) addWebhooks() error {
	hooks := p.settings.Pack.Webhooks
	for _, name := range slices.Sorted(maps.Keys(hooks)) {
		p.deployment.Webhooks = append(p.deployment.Webhooks, hooks[name].Planned(name))
	}
	return nil
}
