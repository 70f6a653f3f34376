package webhooks

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strconv"
	"strings"
	"time"
)

// verifyContentstack follows Contentstack's documentation, "Secure Your
// Webhooks", Default signature: x-contentstack-request-signature is
// "v1=<base64>", RSA-PSS with SHA-256 and a salt of 32 bytes over the raw body.
// The secrets are the public key of the region, in PEM, as
// https://<host>/.well-known/public-keys.json gives it. The time is the body's
// triggered_at.
func verifyContentstack(d *Delivery, secrets []string) (proof, error) {
	first, _, _ := strings.Cut(d.Header.Get("X-Contentstack-Request-Signature"), ",")
	_, text, _ := strings.Cut(first, "=")
	signature, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(signature) == 0 {
		return proof{}, errMissing
	}
	sum := sha256.Sum256(d.Body)
	valid := false
	for _, secret := range secrets {
		key := publicKey(secret)
		valid = valid || key != nil && rsa.VerifyPSS(key, crypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: sha256.Size}) == nil
	}
	if !valid {
		return proof{}, errMismatch
	}
	signed, ok := triggeredAt(d.Body)
	if !ok {
		return proof{}, errMissing
	}
	return proof{signed: signed, id: digest(string(d.Body))}, nil
}

// publicKey reads a key in PEM, of PKCS #1 or PKIX; nil when it is none.
// Variables often hold the two characters \n where the key has a line end.
func publicKey(text string) *rsa.PublicKey {
	block, _ := pem.Decode([]byte(strings.ReplaceAll(text, `\n`, "\n")))
	if block == nil {
		return nil
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil
	}
	found, _ := key.(*rsa.PublicKey)
	return found
}

func triggeredAt(body []byte) (time.Time, bool) {
	decoded, err := decodeJSON(body)
	if err != nil {
		return time.Time{}, false
	}
	fields, _ := decoded.(map[string]any)
	switch v := fields["triggered_at"].(type) {
	case string:
		if at, err := time.Parse(time.RFC3339, v); err == nil {
			return at, true
		}
		return moment(v)
	case float64:
		return moment(strconv.FormatFloat(v, 'f', -1, 64))
	}
	return time.Time{}, false
}
