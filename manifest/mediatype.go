package manifest

import (
	"mime"
	"path"
	"strings"
)

// mediaTypes are those of the npm package send, which `next start` uses, where
// they differ from Go's.
var mediaTypes = map[string]string{
	".js": "application/javascript; charset=UTF-8", ".mjs": "application/javascript; charset=UTF-8",
	".css": "text/css; charset=UTF-8", ".html": "text/html; charset=UTF-8", ".txt": "text/plain; charset=UTF-8",
	".json": "application/json; charset=UTF-8", ".map": "application/json; charset=UTF-8",
	".xml": "application/xml", ".svg": "image/svg+xml", ".ico": "image/x-icon", ".png": "image/png",
	".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif",
	".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf", ".otf": "font/otf",
	".pdf": "application/pdf", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
	".mp4": "video/mp4", ".webm": "video/webm", ".mp3": "audio/mpeg", ".md": "text/markdown; charset=UTF-8",
	".csv": "text/csv; charset=UTF-8", ".zip": "application/zip", ".rsc": "text/x-component",
}

// MediaType is the Content-Type of a file by its name: the gateway's, and that of
// the files which a CDN takes from the bucket without it.
func MediaType(name string) string {
	ext := strings.ToLower(path.Ext(name))
	if kind, ok := mediaTypes[ext]; ok {
		return kind
	}
	if kind := mime.TypeByExtension(ext); kind != "" {
		return kind
	}
	return "application/octet-stream"
}
