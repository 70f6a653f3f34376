package webhooks

import (
	"errors"
	"net/http"
	"time"

	"pack/manifest"
)

// Why a delivery is refused. Only the owner's log and `pack webhooks test` see
// it; the sender of a refused delivery learns nothing.
var (
	errMissing  = errors.New("a header that the sender always sends is missing or cannot be read")
	errMismatch = errors.New("the signature is not of this body and any of the secrets")
	errToken    = errors.New("the secret that came along is none of the endpoint's")
	errTime     = errors.New("the signed time is too far from now")
)

// proof is what a valid signature says.
type proof struct {
	// signed is when the sender signed; zero for schemes without a time.
	signed time.Time
	// id tells the delivery from others; "" where the scheme has nothing that
	// does. It is unique to the endpoint, not the world.
	id string
}

// sender is one scheme.
type sender struct {
	// verify checks a delivery against every secret; the error is one of those
	// above.
	verify func(d *Delivery, secrets []string) (proof, error)
	// event and eventField name what happened: a header, or fields of the body,
	// joined by dots.
	event      string
	eventField []string
	// delivery is the header of the delivery's id, where the sender repeats it
	// when it tries again.
	delivery string
	// accepted is the status that the sender takes for success; 0 means 202.
	accepted int
}

// senderOf gives the scheme of an endpoint.
func senderOf(hook manifest.Webhook) (sender, bool) {
	switch hook.Sender {
	case manifest.Contentful:
		return sender{verify: verifyContentful, event: "X-Contentful-Topic"}, true
	case manifest.Contentstack:
		return sender{verify: verifyContentstack, eventField: []string{"module", "event"}}, true
	case manifest.ContentstackHMAC:
		return sender{verify: verifyContentstackHMAC, eventField: []string{"module", "event"}}, true
	case manifest.DatoCMS:
		return sender{verify: sharedToken(*hook.Token), eventField: []string{"entity_type", "event_type"}}, true
	case manifest.GitHub:
		return sender{
			verify: signedBody(bodySignature{header: "X-Hub-Signature-256", prefix: "sha256=", algorithm: sha256Hash, encoding: hexText}),
			event:  "X-Github-Event", delivery: "X-Github-Delivery",
		}, true
	case manifest.HMAC:
		return sender{verify: signedBody(configured(*hook.Signature))}, true
	case manifest.Hygraph:
		return sender{verify: verifyHygraph, eventField: []string{"operation"}}, true
	case manifest.KontentAI:
		return sender{verify: verifyKontentAI}, true
	case manifest.Prismic:
		// Prismic takes any status but 200 for a failure and, after five in a
		// row, disables the webhook (https://prismic.io/docs/webhooks).
		return sender{verify: verifyPrismic, eventField: []string{"type"}, accepted: http.StatusOK}, true
	case manifest.Sanity:
		return sender{verify: verifySanity, event: "Sanity-Operation"}, true
	case manifest.Shopify:
		return sender{verify: verifyShopify, event: "X-Shopify-Topic", delivery: "X-Shopify-Webhook-Id"}, true
	case manifest.StandardWebhooks:
		return sender{verify: verifyStandard, eventField: []string{"type"}}, true
	case manifest.Storyblok:
		return sender{
			verify:     signedBody(bodySignature{header: "Webhook-Signature", algorithm: sha1Hash, encoding: hexText}),
			eventField: []string{"action"},
		}, true
	case manifest.Strapi:
		return sender{verify: sharedToken(*hook.Token), event: "X-Strapi-Event"}, true
	case manifest.Token, manifest.WordPress:
		return sender{verify: sharedToken(*hook.Token)}, true
	case manifest.WooCommerce:
		return sender{
			verify: signedBody(bodySignature{header: "X-Wc-Webhook-Signature", algorithm: sha256Hash, encoding: base64Text}),
			event:  "X-Wc-Webhook-Topic", delivery: "X-Wc-Webhook-Delivery-Id",
		}, true
	}
	return sender{}, false
}

// eventOf names what happened, in the sender's words.
func (s sender) eventOf(h http.Header, body any) string {
	if s.event != "" {
		if name := h.Get(s.event); name != "" {
			return name
		}
		return h.Get(shopifyEvents(s.event))
	}
	fields, _ := body.(map[string]any)
	event := ""
	for _, key := range s.eventField {
		part, _ := fields[key].(string)
		if part != "" && event != "" {
			event += "."
		}
		event += part
	}
	return event
}
