package manifest

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

// BuildKeyVariable holds an app's BuildKey where several machines build it.
const BuildKeyVariable = "PACK_BUILD_KEY"

// actionKeyVariable is Next's (docs/01-app/02-guides/self-hosting.md, "Server
// Functions encryption key").
const actionKeyVariable = "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"

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

// derive gives n bytes for a purpose.
func (k BuildKey) derive(purpose string, n int) []byte {
	b, err := hkdf.Key(sha256.New, k[:], nil, "pack "+purpose, n)
	if err != nil {
		panic(err) // Only for more than 255 digests.
	}
	return b
}

// addKeys gives the build the keys that come of o.Key, less those that the
// owner gives it. Once for each CaptureOptions.
func (o *CaptureOptions) addKeys() error {
	if o.Key == nil {
		return nil
	}
	named, err := DotEnv(o.Dir)
	if err != nil {
		return err
	}
	_, given := named[actionKeyVariable]
	given = given || os.Getenv(actionKeyVariable) != "" ||
		slices.ContainsFunc(o.Env, func(kv string) bool { return strings.HasPrefix(kv, actionKeyVariable+"=") })
	o.Env = slices.Clone(o.Env)
	if !given {
		o.Env = append(o.Env, actionKeyVariable+"="+base64.StdEncoding.EncodeToString(o.Key.derive("server actions", 32)))
	}
	preview, err := json.Marshal(map[string]string{
		"previewModeId":            hex.EncodeToString(o.Key.derive("preview id", 16)),
		"previewModeSigningKey":    hex.EncodeToString(o.Key.derive("preview signing", 32)),
		"previewModeEncryptionKey": hex.EncodeToString(o.Key.derive("preview encryption", 32)),
	})
	o.Env = append(o.Env, "PACK_PREVIEW_KEYS="+string(preview))
	return err
}
