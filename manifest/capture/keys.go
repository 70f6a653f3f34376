package capture

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
)

// actionKeyVariable is Next's (docs/01-app/02-guides/self-hosting.md, "Server
// Functions encryption key").
const actionKeyVariable = "NEXT_SERVER_ACTIONS_ENCRYPTION_KEY"

// addKeys gives the build the keys that come of o.Key, less those that the
// owner gives it. Once for each Options.
func (o *Options) addKeys() error {
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
		o.Env = append(o.Env, actionKeyVariable+"="+base64.StdEncoding.EncodeToString(o.Key.Derive("server actions", 32)))
	}
	preview, err := json.Marshal(map[string]string{
		"previewModeId":            hex.EncodeToString(o.Key.Derive("preview id", 16)),
		"previewModeSigningKey":    hex.EncodeToString(o.Key.Derive("preview signing", 32)),
		"previewModeEncryptionKey": hex.EncodeToString(o.Key.Derive("preview encryption", 32)),
	})
	o.Env = append(o.Env, "PACK_PREVIEW_KEYS="+string(preview))
	return err
}
