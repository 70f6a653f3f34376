package bundle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"

	"pack/manifest"
)

// State gives a digest of what the output folder has of the deployment: the
// contents of its documents, and the stamps of the files that hold what archives
// are made of. An asset or a seed that is missing, or an asset of another size than
// the Deployment says, is an error. As long as State is the same, Bundle would
// find the deployment as whole as it was.
func (o *Output) State() (string, error) {
	h := sha256.New()
	fmt.Fprintln(h, o.dir)
	for _, name := range []string{deploymentFile, listsFile} {
		text, err := os.ReadFile(filepath.Join(o.dir, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, name, len(text))
		h.Write(text)
	}
	if err := o.checkContents(); err != nil {
		return "", err
	}
	pool := filepath.Join(filepath.Dir(filepath.Dir(o.dir)), filesDir)
	err := filepath.WalkDir(pool, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		st, err := d.Info()
		if err != nil {
			return err
		}
		stamp := manifest.Stamp(st)
		fmt.Fprintln(h, path)
		h.Write(stamp[:])
		return nil
	})
	return hex.EncodeToString(h.Sum(nil)), err
}

// checkContents checks that assets and seeds are there.
func (o *Output) checkContents() error {
	for _, a := range o.deployment.Assets {
		if path := filepath.Join(o.AssetsDir(), filepath.FromSlash(a.File)); !sized(path, a.Size) {
			return fmt.Errorf("%s: not %d bytes", path, a.Size)
		}
	}
	for file := range o.seedFiles() {
		if _, err := os.Stat(filepath.Join(o.SeedsDir(), filepath.FromSlash(file))); err != nil {
			return err
		}
	}
	return nil
}
