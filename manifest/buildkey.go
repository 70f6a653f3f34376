package manifest

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// BuildKeyVariable holds an app's BuildKey where several machines build it.
const BuildKeyVariable = "PACK_BUILD_KEY"

// BuildKey is the secret of an app that outlives its builds. The keys that Next
// builds into every function come of it: that of server actions, so that a page
// of one deployment can call the next one's actions, and those of draft mode.
// Kept, they leave functions that did not change as they were.
type BuildKey [32]byte

// NewBuildKey makes a key up.
func NewBuildKey() BuildKey {
	var k BuildKey
	_, _ = rand.Read(k[:]) // It never fails.
	return k
}

// ParseBuildKey reads what String gives. Its error does not show the text.
func ParseBuildKey(text string) (BuildKey, error) {
	var k BuildKey
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(raw) != len(k) {
		return k, &UserError{
			What: "this is no key of builds", Why: fmt.Sprintf("it is not %d bytes in base64", len(k)),
			Hint: "make one with `openssl rand -base64 32`",
		}
	}
	copy(k[:], raw)
	return k, nil
}

// String gives the key in base64, to be kept secret.
func (k BuildKey) String() string { return base64.StdEncoding.EncodeToString(k[:]) }

// Derive gives n bytes for a purpose.
func (k BuildKey) Derive(purpose string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k[:], nil, "pack "+purpose, n)
	if err != nil {
		panic(err) // Only for more than 255 digests.
	}
	return b
}
