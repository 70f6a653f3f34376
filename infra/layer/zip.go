package layer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"pack/infra/archive"
	"pack/manifest"
)

// MaxUnzipped is the size in bytes that a layer may have. Plans set this much of
// Lambda's limit aside, so that they need not make the layer first.
const MaxUnzipped = 24 << 20

// Zip gives the path of the layer's zip file for an architecture: the program
// at Program.Path and its scripts in node/ beside it. The same source gives the
// same bytes. Errors are those of Folder.
func (r Runtime) Zip(ctx context.Context, a manifest.Architecture) (string, error) {
	t, err := ForLambda(a)
	if err != nil {
		return "", err
	}
	folder, err := r.Folder(ctx, t)
	if err != nil {
		return "", err
	}
	dir, err := r.make(filepath.Base(folder)+"-layer-"+archive.Format, func(dir string) error {
		return r.zip(ctx, folder, dir)
	})
	return filepath.Join(dir, "layer.zip"), err
}

func (r Runtime) zip(ctx context.Context, folder, dir string) (err error) {
	program := filepath.Join(folder, path.Base(r.Program.Path))
	st, err := os.Stat(program)
	if err != nil {
		return err
	}
	files := []manifest.File{{Name: r.Program.Path, Source: program, Mode: 0o755, Size: st.Size(), Hash: "program"}}
	if link := r.Program.Custom; link != "" {
		files = append(files, manifest.File{Name: link, Mode: fs.ModeSymlink | 0o777, Link: r.Program.Path})
	}
	if err := eachScript(r.Scripts, func(name string, content []byte) error {
		files = append(files, manifest.File{Name: path.Join(path.Dir(r.Program.Path), "node", name), Content: content, Mode: 0o644})
		return nil
	}); err != nil {
		return err
	}
	entries, err := archive.Entries(files)
	if err != nil {
		return err
	}
	if n := archive.Unzipped(entries); n > MaxUnzipped {
		return fmt.Errorf("the layer of %s has %d bytes, more than the %d that plans set aside", r.Program.Package, n, MaxUnzipped)
	}
	pool := filepath.Join(dir, "pool")
	p, err := archive.OpenPool(pool)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.Close(), os.RemoveAll(pool)) }()
	if _, err := p.Add(ctx, entries, nil); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "layer.zip"))
	if err != nil {
		return err
	}
	_, err = p.Write(ctx, f, entries)
	return errors.Join(err, f.Close())
}
