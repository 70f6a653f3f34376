package webhooks

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

// verifySanity follows @sanity/webhook 4.0.4: sanity-webhook-signature is
// "t=<milliseconds>,v1=<base64url>", the signature that of "<t>.<body>".
func verifySanity(d *Delivery, secrets []string) (proof, error) {
	stamp, signatures, ok := stamped(d.Header.Get("Sanity-Webhook-Signature"), base64URLText)
	return checkStamped(d, secrets, stamp, signatures, ok && len(signatures) == 1)
}

// verifyContentstackHMAC follows Contentstack's documentation, "Secure Your
// Webhooks", HMAC Signature: x-contentstack-hmac-signature is
// "t=<seconds>,v1=<hex>", with more of v1 while a secret is being changed.
func verifyContentstackHMAC(d *Delivery, secrets []string) (proof, error) {
	stamp, signatures, ok := stamped(d.Header.Get("X-Contentstack-Hmac-Signature"), hexText)
	return checkStamped(d, secrets, stamp, signatures, ok)
}

// stamped reads a header of the form t=…,v1=…; commas or blanks part it.
func stamped(header string, encoding func(string) ([]byte, error)) (stamp string, signatures [][]byte, ok bool) {
	for _, item := range strings.FieldsFunc(header, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, value, _ := strings.Cut(item, "=")
		switch name {
		case "t":
			if stamp != "" {
				return "", nil, false
			}
			stamp = value
		case "v1":
			signature, err := encoding(value)
			if err != nil || len(signatures) == maxSignatures {
				return "", nil, false
			}
			signatures = append(signatures, signature)
		}
	}
	return stamp, signatures, stamp != "" && len(signatures) > 0
}

// maxSignatures bounds what one header can make us compute.
const maxSignatures = 16

func checkStamped(d *Delivery, secrets []string, stamp string, signatures [][]byte, ok bool) (proof, error) {
	signed, valid := moment(stamp)
	if !ok || !valid {
		return proof{}, errMissing
	}
	if !matches(sha256Hash, keysOf(secrets), signatures, stamp, ".", string(d.Body)) {
		return proof{}, errMismatch
	}
	return proof{signed: signed, id: digest(stamp, ".", string(d.Body))}, nil
}

// verifyStandard follows the Standard Webhooks specification 1.0.0 and
// standardwebhooks 1.1.1: HMAC-SHA256 of "<id>.<timestamp>.<body>", one or more
// "v1,<base64>" with blanks between. Svix sends the same in headers of its own
// name, to endpoints made before the specification.
func verifyStandard(d *Delivery, secrets []string) (proof, error) {
	id, stamp, list := standardHeaders(d.Header, "Webhook-")
	if id == "" && stamp == "" && list == "" {
		id, stamp, list = standardHeaders(d.Header, "Svix-")
	}
	signed, ok := moment(stamp)
	if id == "" || !ok {
		return proof{}, errMissing
	}
	var signatures [][]byte
	for _, item := range strings.Fields(list) {
		version, text, _ := strings.Cut(item, ",")
		signature, err := base64Text(text)
		if version != "v1" || err != nil {
			continue
		}
		if signatures = append(signatures, signature); len(signatures) == maxSignatures {
			break
		}
	}
	if len(signatures) == 0 {
		return proof{}, errMissing
	}
	if !matches(sha256Hash, standardKeys(secrets), signatures, id, ".", stamp, ".", string(d.Body)) {
		return proof{}, errMismatch
	}
	return proof{signed: signed, id: id}, nil
}

func standardHeaders(h http.Header, prefix string) (id, stamp, signatures string) {
	return h.Get(prefix + "Id"), h.Get(prefix + "Timestamp"), h.Get(prefix + "Signature")
}

// standardKeys decodes secrets: base64, after "whsec_" if that is there. What
// is no base64 is no secret of this scheme and matches nothing.
func standardKeys(secrets []string) [][]byte {
	var keys [][]byte
	for _, secret := range secrets {
		text := strings.TrimRight(strings.TrimPrefix(secret, "whsec_"), "=")
		if key, err := base64.RawStdEncoding.DecodeString(text); err == nil && len(key) > 0 {
			keys = append(keys, key)
		}
	}
	return keys
}

// verifyShopify follows @shopify/shopify-api 15.0.0, lib/webhooks/validate:
// base64 of the body's HMAC-SHA256. Its newer "events" come in headers without
// the leading X-.
func verifyShopify(d *Delivery, secrets []string) (proof, error) {
	header := "X-Shopify-Hmac-Sha256"
	if d.Header.Get(shopifyEvents(header)) != "" {
		header = shopifyEvents(header)
	}
	p, err := signedBody(bodySignature{header: header, algorithm: sha256Hash, encoding: base64Text})(d, secrets)
	if err == nil {
		p.id = d.Header.Get("Shopify-Webhook-Id")
	}
	return p, err
}

// shopifyEvents gives the name that a header of Shopify's has in its events;
// other headers have no second name.
func shopifyEvents(header string) string {
	if rest, ok := strings.CutPrefix(header, "X-Shopify-"); ok {
		return "Shopify-" + rest
	}
	return ""
}

// verifyKontentAI follows Kontent.ai's documentation ("Webhooks", Validate
// received notifications) and @kontent-ai/webhook-helper 3.0.3, which still
// names the older header.
func verifyKontentAI(d *Delivery, secrets []string) (proof, error) {
	header := "X-Kontent-Ai-Signature"
	if d.Header.Get(header) == "" {
		header = "X-Kc-Signature"
	}
	return signedBody(bodySignature{header: header, algorithm: sha256Hash, encoding: base64Text})(d, secrets)
}

// verifyPrismic follows Prismic's documentation: the secret is a field of the
// body. Nothing signs the rest of it.
func verifyPrismic(d *Delivery, secrets []string) (proof, error) {
	body, err := decodeJSON(d.Body)
	if err != nil {
		return proof{}, errMissing
	}
	fields, _ := body.(map[string]any)
	given, _ := fields["secret"].(string)
	return proof{}, checkToken(given, secrets)
}

// digest is a short name for what the parts are.
func digest(parts ...string) string {
	return hex.EncodeToString(mac(sha256Hash, nil, parts...))
}
