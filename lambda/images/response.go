package images

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// forever is the Cache-Control of addresses that change with their content.
const forever = "public, max-age=315360000, immutable"

// send writes the picture; state is MISS, HIT or STALE.
func (h *Handler) send(w http.ResponseWriter, r *http.Request, p *params, e *Entry, state string) {
	settings := h.options.Images
	header := w.Header()
	header.Set("Vary", "Accept")
	if p.static {
		header.Set("Cache-Control", forever)
	} else {
		header.Set("Cache-Control", "public, max-age="+strconv.Itoa(e.MaxAge)+", must-revalidate")
	}
	header.Set("ETag", e.ETag)
	if notModified(r.Header, e.ETag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	extension, contentType := nameType(e.ContentType)
	if contentType != "" {
		header.Set("Content-Type", contentType)
	} else {
		header["Content-Type"] = nil
	}
	header.Set("Content-Disposition", disposition(settings.ContentDispositionType, fileName(p.href, extension)))
	header.Set("Content-Security-Policy", settings.ContentSecurityPolicy)
	header.Set("X-Nextjs-Cache", state)
	header.Set("Content-Length", strconv.Itoa(len(e.Body)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write(e.Body)
	}
}

var noCache = regexp.MustCompile(`(?:^|,)\s*?no-cache\s*?(?:,|$)`)

// notModified is the precondition as the npm package fresh, which Next uses,
// reads it for a response without Last-Modified: If-Modified-Since can't be
// met, and a request that reloads (Cache-Control: no-cache) always gets the
// picture.
func notModified(request http.Header, etag string) bool {
	match := strings.Join(request.Values("If-None-Match"), ", ")
	if match == "" || request.Get("If-Modified-Since") != "" || noCache.MatchString(request.Get("Cache-Control")) {
		return false
	}
	if match == "*" {
		return true
	}
	for tag := range strings.SplitSeq(match, ",") {
		tag = strings.Trim(tag, " ")
		if tag == etag || tag == "W/"+etag || "W/"+tag == etag {
			return true
		}
	}
	return false
}

// extensions names the files of each type, as the npm package mime@1 does,
// with Next's additions.
var extensions = map[string]string{
	typeJPEG: "jpeg",
	typePNG:  "png",
	typeWebP: "webp",
	typeAVIF: "avif",
	typeGIF:  "gif",
	typeSVG:  "svg",
	typeICO:  "ico",
	typeICNS: "icns",
	typeTIFF: "tiff",
	typeBMP:  "bmp",
	typeJXL:  "jxl",
	typeHEIC: "heic",
	typeJP2:  "jp2",
}

// nameType returns the file extension of a type and the type to send.
func nameType(contentType string) (extension, sent string) {
	return extensions[contentType], contentType
}

// fileName is the name to save under: the address's last segment up to its
// first dot, with the extension of what is sent.
func fileName(href, extension string) string {
	path, _, _ := strings.Cut(href, "?")
	name := path[strings.LastIndex(path, "/")+1:]
	if name == "" {
		return "image.bin"
	}
	name, _, _ = strings.Cut(name, ".")
	return name + "." + extension
}

var hexEscape = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)

// disposition is a Content-Disposition (RFC 6266) as the npm package
// content-disposition writes it: a quoted name in ISO 8859-1, and an extended
// one (RFC 8187) where that isn't enough. The bytes are ISO 8859-1, not UTF-8,
// as Node sends headers.
func disposition(kind, name string) string {
	name = name[strings.LastIndex(name, "/")+1:]
	plain := make([]byte, 0, len(name))
	lossless, quotable := true, true
	for _, c := range name {
		switch {
		case c >= 0x20 && c <= 0x7e || c >= 0xa0 && c <= 0xff:
			plain = append(plain, byte(c))
		default:
			plain = append(plain, '?')
			lossless = false
			quotable = quotable && c >= 0x80 && c <= 0xff
			if c > 0xffff {
				// A pair of UTF-16 units, each of which is replaced.
				plain = append(plain, '?')
			}
		}
	}
	out := strings.ToLower(kind)
	if !lossless || quotable {
		quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(string(plain))
		out += `; filename="` + quoted + `"`
	}
	if !lossless || !quotable || hexEscape.MatchString(name) {
		out += "; filename*=UTF-8''" + encodeComponent(name)
	}
	return out
}

// encodeComponent is encodeURIComponent without the marks that RFC 8187
// doesn't allow.
func encodeComponent(s string) string {
	const unescaped = "-_.!~"
	var out strings.Builder
	for _, c := range []byte(s) {
		switch {
		case c >= '0' && c <= '9', c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', slices.Contains([]byte(unescaped), c):
			out.WriteByte(c)
		default:
			const digits = "0123456789ABCDEF"
			out.Write([]byte{'%', digits[c>>4], digits[c&15]})
		}
	}
	return out.String()
}
