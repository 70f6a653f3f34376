package webhooks

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"
	"strings"

	"pack/manifest"
)

// Algorithms and encodings of signatures.
var (
	sha1Hash   = sha1.New
	sha256Hash = sha256.New
	sha512Hash = sha512.New

	hexText       = hex.DecodeString
	base64Text    = base64.StdEncoding.Strict().DecodeString
	base64URLText = func(text string) ([]byte, error) {
		return base64.RawURLEncoding.Strict().DecodeString(strings.TrimRight(text, "="))
	}
)

// mac is the HMAC (RFC 2104) of the parts, one after the other.
func mac(algorithm func() hash.Hash, key []byte, parts ...string) []byte {
	h := hmac.New(algorithm, key)
	for _, part := range parts {
		h.Write([]byte(part)) // A hash never fails.
	}
	return h.Sum(nil)
}

// matches reports whether one of the signatures is the HMAC of the parts with
// one of the keys. It compares in constant time and tries every pair, so that
// the time tells neither which key nor how much of it was right.
func matches(algorithm func() hash.Hash, keys [][]byte, signatures [][]byte, parts ...string) bool {
	found := 0
	for _, key := range keys {
		due := mac(algorithm, key, parts...)
		for _, signature := range signatures {
			found |= subtle.ConstantTimeCompare(due, signature)
		}
	}
	return found == 1
}

func keysOf(secrets []string) [][]byte {
	keys := make([][]byte, len(secrets))
	for i, secret := range secrets {
		keys[i] = []byte(secret)
	}
	return keys
}

// bodySignature is the scheme of most senders: an HMAC of the raw body, or of
// a time and the body, in one header.
type bodySignature struct {
	header, prefix string
	algorithm      func() hash.Hash
	encoding       func(string) ([]byte, error)
	// timestamp is the header of the signed time, "" if none is signed; what is
	// signed is then the time, separator, the body.
	timestamp, separator string
}

// configured is the scheme of a signature that pack.json describes.
func configured(s manifest.SignatureSettings) bodySignature {
	b := bodySignature{
		header: s.Header, prefix: s.Prefix, algorithm: sha256Hash, encoding: hexText,
		timestamp: s.Timestamp, separator: s.Separator,
	}
	switch s.Algorithm {
	case "sha1":
		b.algorithm = sha1Hash
	case "sha512":
		b.algorithm = sha512Hash
	}
	switch s.Encoding {
	case "base64":
		b.encoding = base64Text
	case "base64url":
		b.encoding = base64URLText
	}
	if b.separator == "" {
		b.separator = "."
	}
	return b
}

func signedBody(s bodySignature) func(*Delivery, []string) (proof, error) {
	return func(d *Delivery, secrets []string) (proof, error) {
		text, ok := strings.CutPrefix(d.Header.Get(s.header), s.prefix)
		if !ok || text == "" {
			return proof{}, errMissing
		}
		signature, err := s.encoding(text)
		if err != nil {
			return proof{}, errMissing
		}
		if s.timestamp == "" {
			if !matches(s.algorithm, keysOf(secrets), [][]byte{signature}, string(d.Body)) {
				return proof{}, errMismatch
			}
			return proof{}, nil
		}
		stamp := d.Header.Get(s.timestamp)
		signed, ok := moment(stamp)
		if !ok {
			return proof{}, errMissing
		}
		if !matches(s.algorithm, keysOf(secrets), [][]byte{signature}, stamp, s.separator, string(d.Body)) {
			return proof{}, errMismatch
		}
		return proof{signed: signed, id: hex.EncodeToString(signature)}, nil
	}
}

// sharedToken checks a secret that comes along as it is.
func sharedToken(s manifest.TokenSettings) func(*Delivery, []string) (proof, error) {
	return func(d *Delivery, secrets []string) (proof, error) {
		var given string
		switch {
		case s.Basic:
			scheme, text, _ := strings.Cut(d.Header.Get("Authorization"), " ")
			decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
			if !strings.EqualFold(scheme, "Basic") || err != nil {
				return proof{}, errMissing
			}
			given = string(decoded)
		case s.Query != "":
			given = d.query(s.Query)
		default:
			text, ok := strings.CutPrefix(d.Header.Get(s.Header), s.Prefix)
			if !ok {
				return proof{}, errMissing
			}
			given = text
		}
		return proof{}, checkToken(given, secrets)
	}
}

// checkToken compares digests, which are of one length whatever was given.
func checkToken(given string, secrets []string) error {
	if given == "" {
		return errMissing
	}
	sum := sha256.Sum256([]byte(given))
	found := 0
	for _, secret := range secrets {
		due := sha256.Sum256([]byte(secret))
		found |= subtle.ConstantTimeCompare(sum[:], due[:])
	}
	if found != 1 {
		return errToken
	}
	return nil
}
