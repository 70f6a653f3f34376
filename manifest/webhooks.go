package manifest

import (
	"cmp"
	"maps"
	"slices"
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
