package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"

	"pack/infra/archive"
	"pack/manifest"
)

// content is a file that is served, or seeds the cache, as it is.
type content struct {
	// file is relative to the deployment's assets or seeds folder.
	file   string
	source string
	// digest is a SHA-256 in hexadecimal; empty when nobody knows it.
	digest string
}

// assetsOf lists the assets' files, each once.
func assetsOf(p *manifest.Plan) ([]content, error) {
	var assets []content
	seen := map[string]string{}
	for _, a := range p.Deployment.Assets {
		if digest, ok := seen[a.File]; ok {
			if digest != a.Digest {
				return nil, fmt.Errorf("asset %s: the file %s has two contents", a.Pathname, a.File)
			}
			continue
		}
		seen[a.File] = a.Digest
		c := content{file: a.File, source: p.AssetSources[a.File], digest: a.Digest}
		if !isDigest(a.Digest) || c.source == "" || !fs.ValidPath(a.File) {
			return nil, fmt.Errorf("asset %s: the plan has no proper file or digest of it", a.Pathname)
		}
		assets = append(assets, c)
	}
	return assets, nil
}

// digestOf gives the digest of a seed, which plans name by its content; empty
// when the name is none.
func digestOf(file string) string {
	if name := path.Base(file); isDigest(name) {
		return name
	}
	return ""
}

// isDigest reports whether s is a SHA-256 in hexadecimal.
func isDigest(s string) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == sha256.Size
}

// seedsOf lists the seeds' files, each once.
func seedsOf(p *manifest.Plan) ([]content, error) {
	var seeds []content
	seen := map[string]bool{}
	for _, page := range p.Deployment.Pages {
		for _, part := range page.Parts {
			if part.File == "" || seen[part.File] {
				continue
			}
			seen[part.File] = true
			c := content{file: part.File, source: p.SeedSources[part.File], digest: digestOf(part.File)}
			if c.source == "" || !fs.ValidPath(part.File) {
				return nil, fmt.Errorf("page %s: the plan has no proper file of %s", page.Pathname, part.Name)
			}
			seeds = append(seeds, c)
		}
	}
	return seeds, nil
}

// contents puts files into a deployment. They are copied, never linked to where
// they come from: an app's public folder is edited in place.
type contents struct {
	// before maps the digests of the previous deployment's files to the files.
	before   map[string]string
	total    int
	progress func(done, total int)

	mu sync.Mutex
	// done files are placed; fresh ones of them had to be copied.
	done, fresh int
}

// place puts the files into dir, several at a time.
func (c *contents) place(ctx context.Context, files []content, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2 * runtime.GOMAXPROCS(0))
	for _, f := range files {
		g.Go(func() error {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			copied, err := c.placeOne(f, dir)
			if err != nil {
				return err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			if c.done++; copied {
				c.fresh++
			}
			c.progress(c.done, c.total)
			return nil
		})
	}
	return g.Wait()
}

func (c *contents) placeOne(f content, dir string) (copied bool, err error) {
	to := filepath.Join(dir, filepath.FromSlash(f.file))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return false, err
	}
	if before := c.before[f.digest]; before != "" && os.Link(before, to) == nil {
		return false, nil
	}
	return true, copyFile(f, to)
}

// copyFile copies a file and checks its content on the way.
func copyFile(f content, to string) error {
	src, err := os.Open(f.source)
	if errors.Is(err, fs.ErrNotExist) {
		return archive.Changed(f.source, "it does not exist any more")
	}
	if err != nil {
		return err
	}
	defer src.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(out, sum), src)
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if f.digest != "" && hex.EncodeToString(sum.Sum(nil)) != f.digest {
		return archive.Changed(f.source, "its content is another")
	}
	return nil
}
