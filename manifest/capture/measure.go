package capture

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"pack/manifest"
)

// measure fills in what the Build says of files on disk. Each unique file is
// looked at once, several at a time.
func measure(ctx context.Context, b *manifest.Build) error {
	if err := listPublic(b); err != nil {
		return err
	}
	findSources(b)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(max(4, 2*runtime.GOMAXPROCS(0)))
	for i := range b.Files {
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			return measureFile(&b.Files[i])
		})
	}
	paths := staticPaths(b)
	static := make([]manifest.StaticFile, len(paths))
	for i, path := range paths {
		g.Go(func() (err error) {
			if err := ctx.Err(); err != nil {
				return err
			}
			static[i], err = readStatic(path)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return fmt.Errorf("measure build: %w", err)
	}
	b.Static = make(map[string]manifest.StaticFile, len(paths))
	for i, path := range paths {
		b.Static[path] = static[i]
	}
	sortFiles(b)
	b.Measured = true
	return nil
}

// staticPaths lists the files that are served or seed a page, each once.
func staticPaths(b *manifest.Build) []string {
	var paths []string
	for _, s := range b.Outputs.StaticFiles {
		paths = append(paths, s.FilePath)
	}
	for _, p := range b.Outputs.Prerenders {
		if p.Fallback != nil && p.Fallback.FilePath != "" {
			paths = append(paths, p.Fallback.FilePath)
		}
	}
	for _, p := range b.Public {
		paths = append(paths, p.Source)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// sortFiles gives Files the order that the type promises: the adapter's order
// is that of Next's tracing, which is not the same every time.
func sortFiles(b *manifest.Build) {
	order := make([]int, len(b.Files))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int {
		if c := strings.Compare(b.Files[x].Name, b.Files[y].Name); c != 0 {
			return c
		}
		return strings.Compare(b.Files[x].Source, b.Files[y].Source)
	})
	sorted := make([]manifest.SourceFile, len(order))
	at := make([]int, len(order))
	for to, from := range order {
		sorted[to], at[from] = b.Files[from], to
	}
	b.Files = sorted
	b.EachRoute(func(o *manifest.RouteOutput) {
		for i, n := range o.Files {
			o.Files[i] = at[n]
		}
		slices.Sort(o.Files)
	})
}

func measureFile(f *manifest.SourceFile) error {
	st, err := os.Lstat(f.Source)
	if err != nil {
		return err
	}
	f.Size, f.Mode = st.Size(), st.Mode()&(fs.ModeSymlink|fs.ModePerm)
	switch {
	case st.Mode()&fs.ModeSymlink != 0:
		if f.Link, err = os.Readlink(f.Source); err != nil {
			return err
		}
		f.Size = int64(len(f.Link))
		if f.Hash == "" {
			f.Hash = fmt.Sprintf("link:%x", sha256.Sum256([]byte(f.Link)))
		}
		return nil
	case !st.Mode().IsRegular():
		return fmt.Errorf("%s: neither a file nor a symbolic link", f.Source)
	}
	if f.Hash == "" {
		digest, err := digestFile(f.Source)
		if err != nil {
			return err
		}
		f.Hash = "sha256:" + digest
	}
	f.Binary, err = readBinary(f.Source, st.Mode())
	return err
}

func readStatic(path string) (manifest.StaticFile, error) {
	st, err := os.Stat(path)
	if err != nil {
		return manifest.StaticFile{}, err
	}
	digest, err := digestFile(path)
	if err != nil {
		return manifest.StaticFile{}, err
	}
	return manifest.StaticFile{Size: st.Size(), Digest: digest, Modified: st.ModTime().UnixMilli()}, nil
}

func digestFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// listPublic lists the public folder as `next start` does: every file, dot
// files too, symbolic links followed, empty folders not at all
// (next/dist/lib/recursive-readdir.js). An exported site has the folder among
// its static files already.
func listPublic(b *manifest.Build) error {
	b.Public = nil
	if b.Config.Output == "export" {
		return nil
	}
	if err := addPublic(b, filepath.Join(b.ProjectDir, "public"), "", nil); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("list public files: %w", err)
	}
	slices.SortFunc(b.Public, func(x, y manifest.PublicFile) int { return strings.Compare(x.Pathname, y.Pathname) })
	return nil
}

func addPublic(b *manifest.Build, dir, prefix string, above []string) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return err
	}
	if slices.Contains(above, real) {
		return fmt.Errorf("%s: the symbolic link leads back to a folder above it", dir)
	}
	above = append(slices.Clip(above), real)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path, name := filepath.Join(dir, e.Name()), prefix+"/"+e.Name()
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 {
			st, err := os.Stat(path)
			if errors.Is(err, fs.ErrNotExist) {
				continue // Next passes over links that lead nowhere.
			}
			if err != nil {
				return err
			}
			mode = st.Mode()
		}
		switch {
		case mode.IsDir():
			if err := addPublic(b, path, name, above); err != nil {
				return err
			}
		case mode.IsRegular():
			b.Public = append(b.Public, manifest.PublicFile{Pathname: name, Source: path})
		}
	}
	return nil
}

// findSources finds the file in the app that each output was made from, for
// vercel.json's globs and for error messages.
func findSources(b *manifest.Build) {
	extensions := b.Config.PageExtensions
	if len(extensions) == 0 {
		extensions = []string{"tsx", "ts", "jsx", "js"}
	}
	b.EachRoute(func(o *manifest.RouteOutput) {
		router := "pages"
		if o.Type == "APP_PAGE" || o.Type == "APP_ROUTE" {
			router = "app"
		}
		page := strings.TrimPrefix(o.SourcePage, "/")
		stems := []string{router + "/" + page, "src/" + router + "/" + page}
		switch {
		case o.Type == "MIDDLEWARE":
			stems = []string{"proxy", "src/proxy", "middleware", "src/middleware"}
		case router == "pages":
			stems = append(stems, stems[0]+"/index", stems[1]+"/index")
		}
		for _, stem := range stems {
			for _, ext := range extensions {
				name := stem + "." + ext
				if _, err := os.Stat(filepath.Join(b.ProjectDir, filepath.FromSlash(name))); err == nil {
					o.Source = name
					return
				}
			}
		}
	})
}
