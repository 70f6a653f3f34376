package gateway

import "net/http"

// headWriter changes the head of an answer once, just before it leaves.
type headWriter struct {
	http.ResponseWriter
	// edit may change the header, and returns the status to send.
	edit  func(status int, h http.Header) int
	began bool
}

// WriteHeader implements http.ResponseWriter.
func (w *headWriter) WriteHeader(status int) {
	if !w.began && status >= http.StatusOK {
		w.began = true
		status = w.edit(status, w.Header())
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *headWriter) Write(p []byte) (int, error) {
	if !w.began {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Flush lets everything written so far leave, the head at least.
func (w *headWriter) Flush() {
	if !w.began {
		w.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}
