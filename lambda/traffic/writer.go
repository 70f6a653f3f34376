package traffic

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// writer changes what an answer says of caching on its way out, and adds a
// cookie. Its zero value with a ResponseWriter changes nothing.
type writer struct {
	http.ResponseWriter
	// private: nobody may keep it.
	private bool
	// uncached: the CDN may not keep it if it is a page, since the next visitor
	// may belong to the canary.
	uncached bool
	// brief: whether there is a canary is not known; the CDN may keep a page for
	// briefTime only.
	brief bool
	// cookie is set on the answer; forget removes it.
	cookie string
	forget bool

	wrote bool
}

// briefTime is in seconds.
const briefTime = 60

func (w *writer) WriteHeader(status int) {
	if w.wrote || status < http.StatusOK {
		w.ResponseWriter.WriteHeader(status)
		return
	}
	w.wrote = true
	h := w.Header()
	if w.cookie != "" {
		setCookie(h, w.cookie, canaryLife)
	}
	if w.forget {
		setCookie(h, "", -1)
	}
	control := h.Get("Cache-Control")
	switch {
	case w.private, w.uncached && page(status, h):
		h.Set("Cache-Control", noStore)
	case w.brief && page(status, h) && control != "":
		h.Set("Cache-Control", brief(control))
	}
	w.ResponseWriter.WriteHeader(status)
}

// page reports whether an answer is one that a browser shows, or that sends it
// to one.
func page(status int, h http.Header) bool {
	return status >= 300 && status < 400 || strings.HasPrefix(h.Get("Content-Type"), "text/html")
}

var sharedAge = regexp.MustCompile(`s-maxage=(\d+)`)

// brief shortens how long a shared cache may keep an answer.
func brief(control string) string {
	return sharedAge.ReplaceAllStringFunc(control, func(age string) string {
		seconds, err := strconv.ParseInt(strings.TrimPrefix(age, "s-maxage="), 10, 64)
		if err != nil || seconds <= briefTime {
			return age
		}
		return "s-maxage=" + strconv.Itoa(briefTime)
	})
}

func (w *writer) Write(p []byte) (int, error) {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Flush implements http.Flusher.
func (w *writer) Flush() {
	if !w.wrote {
		w.WriteHeader(http.StatusOK)
	}
	if flusher, ok := w.ResponseWriter.(http.Flusher); ok {
		flusher.Flush()
	}
}
