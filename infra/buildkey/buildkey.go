// Package buildkey keeps an app's manifest.BuildKey: in a folder of one machine,
// or in the account that the app is deployed to, for all machines that deploy it.
package buildkey

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pack/manifest"
)

// Keeper is a place where a key is kept.
type Keeper interface {
	// Load gives the key; ErrNone where there is none.
	Load(ctx context.Context) (manifest.BuildKey, error)
	// Save keeps the key unless one is kept already, and gives the one that is:
	// of two machines that make one at the same time, both use the same.
	Save(ctx context.Context, key manifest.BuildKey) (manifest.BuildKey, error)
}

// ErrNone is Load's error where no key is kept yet.
var ErrNone = errors.New("no key of builds is kept")

// Find gives the key that an app is built with, and makes one where there is
// none. The environment variable PACK_BUILD_KEY goes before what is kept. Of
// several keepers the first one's counts, and the others are not asked unless
// it has none; it is given theirs then. Nil keepers are left out.
func Find(ctx context.Context, keepers ...Keeper) (manifest.BuildKey, error) {
	if text := os.Getenv(manifest.BuildKeyVariable); text != "" {
		key, err := manifest.ParseBuildKey(text)
		var u *manifest.UserError
		if errors.As(err, &u) {
			u.Where = "the environment variable " + manifest.BuildKeyVariable
		}
		return key, err
	}
	key := manifest.NewBuildKey()
	var without []Keeper
	for _, k := range keepers {
		if k == nil {
			continue
		}
		found, err := k.Load(ctx)
		if err == nil {
			key = found
			break
		}
		if !errors.Is(err, ErrNone) {
			return key, err
		}
		without = append(without, k)
	}
	for _, k := range without {
		var err error
		if key, err = k.Save(ctx, key); err != nil {
			return key, err
		}
	}
	return key, nil
}

// Reading is a keeper that is only looked at: for commands that change nothing.
type Reading struct{ Keeper }

// Save keeps nothing.
func (Reading) Save(_ context.Context, key manifest.BuildKey) (manifest.BuildKey, error) {
	return key, nil
}

// Folder keeps a key in a file that only its owner may read.
type Folder struct {
	// Dir is the output folder, .pack by default.
	Dir string
}

func (f Folder) path() string { return filepath.Join(f.Dir, "build-key") }

// Load implements Keeper.
func (f Folder) Load(context.Context) (manifest.BuildKey, error) {
	text, err := os.ReadFile(f.path())
	if errors.Is(err, fs.ErrNotExist) {
		return manifest.BuildKey{}, ErrNone
	}
	if err != nil {
		return manifest.BuildKey{}, err
	}
	key, err := manifest.ParseBuildKey(string(text))
	var u *manifest.UserError
	if errors.As(err, &u) {
		u.Where, u.Hint = f.path(), "remove the file: another one is made, and every function is new once"
	}
	return key, err
}

// Save implements Keeper.
func (f Folder) Save(ctx context.Context, key manifest.BuildKey) (manifest.BuildKey, error) {
	if err := os.MkdirAll(f.Dir, 0o755); err != nil {
		return key, err
	}
	partial, err := os.CreateTemp(f.Dir, ".build-key-") // Of mode 0600.
	if err != nil {
		return key, err
	}
	defer os.Remove(partial.Name())
	_, err = partial.WriteString(key.String() + "\n")
	if err := errors.Join(err, partial.Close()); err != nil {
		return key, err
	}
	if err := os.Link(partial.Name(), f.path()); errors.Is(err, fs.ErrExist) {
		return f.Load(ctx)
	} else if err != nil {
		return key, err
	}
	return key, nil
}
