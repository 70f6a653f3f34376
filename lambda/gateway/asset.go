package gateway

import (
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"pack/lambda/router"
	"pack/manifest"
	"pack/s3cache"
)

// immutable is what is said of files whose addresses change with them.
const immutable = "public, max-age=31536000, immutable"

// serveAsset answers with a file, ranges and conditions included.
func (g *Gateway) serveAsset(w http.ResponseWriter, r *http.Request, resolved *router.Result) {
	asset := g.assets.list[resolved.Pathname]
	if asset == nil {
		g.notFound(w, r)
		return
	}
	if asset.Source == "page" {
		if isRSC(r) && redirectedRSC(w, r) {
			return
		}
		if r.Header.Get("X-Middleware-Prefetch") != "" {
			g.skipPrefetch(w, asset.Pathname, resolved)
			return
		}
		g.serveStaticPage(w, r, asset, 0)
		return
	}
	metadata := asset.Source == "static" && !g.assets.below(asset.Pathname)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		if metadata {
			w.Header().Add("Vary", g.vary)
			methodNotAllowed(w)
			return
		}
		w.Header()["Allow"] = []string{"GET", "HEAD"}
		if r.Method == http.MethodOptions {
			w.Header().Set("Cache-Control", noStore)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Cache-Control", noStore)
		g.errorPage(w, r, http.StatusMethodNotAllowed)
		return
	}
	end, satisfied := satisfiable(r, asset.Size)
	file, err := g.assets.open(r.Context(), asset, end)
	if err != nil {
		slog.Error("asset could not be read", "asset", asset.Pathname, "error", err)
		g.serverError(w, r)
		return
	}
	defer file.Close()
	header := w.Header()
	switch {
	case metadata:
		// A metadata route (robots.ts, icon.png …) that the build has rendered.
		header.Add("Vary", g.vary)
		header.Set("X-Nextjs-Cache", "HIT")
		setDefault(header, "Cache-Control", "public, max-age=0, must-revalidate")
		setDefault(header, "Content-Type", strings.TrimSuffix(mediaType(asset.Pathname), "; charset=UTF-8"))
	case asset.Immutable:
		// No rule of the app's may say otherwise, nor does under next start.
		header.Set("Cache-Control", immutable)
	default:
		setDefault(header, "Cache-Control", "public, max-age=0")
	}
	setDefault(header, "Content-Type", mediaType(asset.Pathname))
	if g.app.GenerateETags {
		header.Set("Etag", `"`+asset.Digest[:32]+`"`)
	}
	header.Set("Accept-Ranges", "bytes") // with 304 too, as send does
	if !satisfied {
		header.Set("Content-Range", "bytes */"+strconv.FormatInt(asset.Size, 10))
		header.Set("Cache-Control", noStore)
		w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
		return
	}
	content := &reader{seekable: file}
	http.ServeContent(w, r, "", time.Time{}, content)
	if content.failed != nil {
		slog.Error("asset could not be read", "asset", asset.Pathname, "error", content.failed)
		panic(http.ErrAbortHandler)
	}
}

// satisfiable reports whether a file of so many bytes has the range that r asks
// for, and before which byte that ends, below 0 for the end of the file. Several
// ranges at once, and units other than bytes, are ignored, as RFC 9110 allows
// and the npm package send does: the header is dropped.
func satisfiable(r *http.Request, size int64) (end int64, ok bool) {
	value := r.Header.Get("Range")
	if value == "" {
		return -1, true
	}
	spec, bytes := strings.CutPrefix(value, "bytes=")
	if !bytes || strings.Contains(spec, ",") {
		r.Header.Del("Range")
		return -1, true
	}
	first, last, dash := strings.Cut(strings.TrimSpace(spec), "-")
	if !dash {
		return -1, false
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if first == "" {
		count, err := strconv.ParseInt(last, 10, 64)
		return -1, err == nil && count > 0
	}
	if err != nil || from < 0 || from >= size {
		return -1, false
	}
	if last == "" {
		return -1, true
	}
	to, err := strconv.ParseInt(last, 10, 64)
	return to + 1, err == nil && to >= from
}

// serveStaticPage answers with a page that Next optimised into a plain file.
// status 0 takes what the address says: /404 is 404.
func (g *Gateway) serveStaticPage(w http.ResponseWriter, r *http.Request, asset *manifest.Asset, status int) {
	if status == 0 {
		switch path.Base(asset.Pathname) {
		case "404":
			status = http.StatusNotFound
		case "500":
			status = http.StatusInternalServerError
		default:
			status = http.StatusOK
			if r.Method != http.MethodGet && r.Method != http.MethodHead && !possibleAction(r) {
				if isRSC(r) {
					addVary(w.Header(), []string{g.vary})
				}
				methodNotAllowed(w)
				return
			}
		}
	}
	body, err := g.assets.read(r.Context(), asset)
	if err != nil {
		slog.Error("page could not be read", "page", asset.Pathname, "error", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	header := w.Header()
	if isRSC(r) {
		addVary(header, []string{g.vary})
	}
	kind := "text/html; charset=utf-8"
	if strings.HasSuffix(asset.Pathname, ".rsc") || strings.HasSuffix(asset.Pathname, ".json") {
		kind = mediaType(asset.Pathname)
	} else if g.app.PoweredBy {
		header.Set("X-Powered-By", "Next.js")
	}
	header.Set("Content-Type", kind)
	if g.app.GenerateETags {
		etag := s3cache.NextETag(body)
		header.Set("Etag", etag)
		if status == http.StatusOK && fresh(r.Header, etag) {
			header.Del("Content-Type")
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

func mediaType(name string) string { return manifest.MediaType(name) }
