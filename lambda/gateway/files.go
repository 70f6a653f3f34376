package gateway

import (
	"context"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pack/manifest"
)

// Files has the app's files where no folder does.
type Files interface {
	// Open opens a file of the deployment, to be read up to the byte before end
	// at most, or to its end when that is below 0. Reading fails for one that is
	// not there.
	Open(ctx context.Context, a *manifest.Asset, end int64) io.ReadSeekCloser
	// Read returns a file's content, which is not changed.
	Read(ctx context.Context, a *manifest.Asset) ([]byte, error)
	// Retained opens a file of Next's static folder that another deployment has,
	// whose pages are still open in browsers; a nil body says that none has. The
	// pathname has basePath.
	Retained(ctx context.Context, pathname string) (body io.ReadCloser, size int64, err error)
}

// assets are the deployment's files by address.
type assets struct {
	folder fs.FS
	files  Files
	list   map[string]*manifest.Asset
	base   string
	// static are the addresses of Next's own files, each with a slash at the end.
	static []string
}

// below reports whether a path belongs to Next's own files.
func (a *assets) below(path string) bool {
	return slices.ContainsFunc(a.static, func(folder string) bool { return strings.HasPrefix(path, folder) })
}

func newAssets(d *manifest.Deployment, folder fs.FS, files Files) *assets {
	a := &assets{folder: folder, files: files, base: d.App.BasePath, static: []string{d.App.BasePath + manifest.StaticFolder, manifest.StaticFolder}, list: make(map[string]*manifest.Asset, len(d.Assets))}
	if strings.HasPrefix(d.App.AssetPrefix, "/") {
		a.static = append(a.static, d.App.AssetPrefix+manifest.StaticFolder)
	}
	for i := range d.Assets {
		a.list[d.Assets[i].Pathname] = &d.Assets[i]
	}
	return a
}

func (a *assets) open(ctx context.Context, asset *manifest.Asset, end int64) (seekable, error) {
	if a.files != nil {
		return a.files.Open(ctx, asset, end), nil
	}
	file, err := a.folder.Open(asset.File)
	if err != nil {
		return nil, err
	}
	s, ok := file.(seekable)
	if !ok {
		file.Close()
		return nil, fs.ErrInvalid
	}
	return s, nil
}

func (a *assets) read(ctx context.Context, asset *manifest.Asset) ([]byte, error) {
	if a.files != nil {
		return a.files.Read(ctx, asset)
	}
	return fs.ReadFile(a.folder, asset.File)
}

type seekable interface {
	io.ReadSeekCloser
}

// reader remembers why reading failed, which http.ServeContent does not tell.
type reader struct {
	seekable
	failed error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.seekable.Read(p)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

// serveRetained answers with a file of Next's static folder that this
// deployment does not have and another does.
func (g *Gateway) serveRetained(w http.ResponseWriter, r *http.Request) bool {
	if g.assets.files == nil || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	_, name, _ := strings.Cut(r.URL.Path, manifest.StaticFolder)
	body, size, err := g.assets.files.Retained(r.Context(), g.assets.base+manifest.StaticFolder+name)
	if err != nil {
		slog.Error("file of another deployment could not be read", "path", r.URL.Path, "error", err)
	}
	if body == nil {
		return false
	}
	defer body.Close()
	header := w.Header()
	header.Set("Content-Type", mediaType(name))
	header.Set("Content-Length", strconv.FormatInt(size, 10))
	header.Set("Cache-Control", immutable)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return true
	}
	if _, err := io.Copy(w, body); err != nil {
		slog.Error("file of another deployment broken off", "path", r.URL.Path, "error", err)
		panic(http.ErrAbortHandler)
	}
	return true
}
