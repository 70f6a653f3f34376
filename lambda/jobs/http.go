package jobs

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Path is where a job's state is answered, followed by its id.
const Path = "/_pack/jobs/"

// DelayHeader says after how many seconds the first attempt is due.
const DelayHeader = "Pack-Delay"

// maxDelay is the longest delay that is taken: a week.
const maxDelay = 7 * 24 * time.Hour

// Preferred reports whether a request asks to be answered later: the preference
// respond-async of RFC 7240, section 4.1.
func Preferred(h http.Header) bool {
	for _, field := range h["Prefer"] {
		for _, preference := range strings.Split(field, ",") {
			name, _, _ := strings.Cut(preference, ";")
			name, _, _ = strings.Cut(name, "=")
			if strings.EqualFold(strings.TrimSpace(name), "respond-async") {
				return true
			}
		}
	}
	return false
}

// Accept stores a request as a job and answers 202 with its address, or says
// why not. target is the request as routed: Path, Query, Route and URL; the
// rest is taken from r.
func (c *Client) Accept(w http.ResponseWriter, r *http.Request, target Request, policy Policy) {
	delay, ok := delayOf(r.Header)
	if !ok {
		problem(w, http.StatusBadRequest, "BAD_DELAY", DelayHeader+" must be a whole number of seconds, 0 to "+strconv.Itoa(int(maxDelay/time.Second)))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		problem(w, http.StatusBadRequest, "BAD_BODY", "the body could not be read")
		return
	}
	target.Method, target.Host, target.Header, target.Body = r.Method, r.Host, storable(r.Header), body
	job, err := c.Submit(r.Context(), Submission{
		Request: target, Policy: policy, Delay: delay,
		Key:   r.Header.Get("Idempotency-Key"),
		Scope: strings.Join([]string{r.Method, target.Route, r.Header.Get("Authorization")}, "\x00"),
	})
	switch {
	case errors.Is(err, ErrKeyReused):
		// draft-ietf-httpapi-idempotency-key-header, section 2.7.
		problem(w, http.StatusUnprocessableEntity, "IDEMPOTENCY_KEY_REUSED", "this Idempotency-Key was sent with another request")
		return
	case err != nil:
		slog.Error("job not taken", "path", r.URL.Path, "error", err)
		w.Header().Set("Retry-After", "5")
		problem(w, http.StatusServiceUnavailable, "JOB_NOT_STORED", "the job could not be stored; nothing was begun")
		return
	}
	w.Header().Set("Preference-Applied", "respond-async")
	w.Header().Set("Location", Path+job.ID)
	answer(w, http.StatusAccepted, job.View())
}

func delayOf(h http.Header) (time.Duration, bool) {
	text := h.Get(DelayHeader)
	if text == "" {
		return 0, true
	}
	seconds, err := strconv.Atoi(text)
	delay := time.Duration(seconds) * time.Second
	return delay, err == nil && seconds >= 0 && seconds <= int(maxDelay/time.Second)
}

// notStored are the fields that belong to one connection (RFC 9110, 7.6.1) or
// that asked for the job.
var notStored = []string{
	"Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "Te", "Trailer",
	"Transfer-Encoding", "Upgrade", "Content-Length", "Expect", "Prefer", DelayHeader,
}

// storable copies the fields that the job's request keeps.
func storable(h http.Header) http.Header {
	kept := h.Clone()
	for _, field := range h["Connection"] {
		for _, name := range strings.Split(field, ",") {
			kept.Del(strings.TrimSpace(name))
		}
	}
	for _, name := range notStored {
		kept.Del(name)
	}
	return kept
}

// View is what a job's address answers: its state without what the request
// held. Times are RFC 3339 in UTC.
type View struct {
	ID       string `json:"id"`
	State    State  `json:"state"`
	Created  string `json:"created"`
	Attempts int    `json:"attempts"`
	// NotBefore is when the next attempt is due, of a job that is queued.
	NotBefore string `json:"notBefore,omitempty"`
	Finished  string `json:"finished,omitempty"`
	// Status is the route's last answer.
	Status int `json:"status,omitempty"`
}

// View returns the job as its address shows it.
func (j *Job) View() View {
	v := View{ID: j.ID, State: j.State, Created: Time(j.Created), Attempts: j.Attempts, Finished: Time(j.Finished), Status: j.Status}
	if j.State == Queued {
		v.NotBefore = Time(j.NotBefore)
	}
	return v
}

// Time words milliseconds since 1970 for people; 0 is "".
func Time(ms int64) string {
	if ms == 0 {
		return ""
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z")
}

// ServeHTTP answers for the address of a job.
func (c *Client) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem(w, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "a job's address answers GET")
		return
	}
	job, err := c.Store.Get(r.Context(), strings.TrimPrefix(r.URL.Path, Path))
	switch {
	case errors.Is(err, ErrNotFound):
		problem(w, http.StatusNotFound, "NO_SUCH_JOB", "there is no such job, or it was finished long ago")
	case err != nil:
		slog.Error("job could not be read", "error", err)
		problem(w, http.StatusServiceUnavailable, "JOB_NOT_READ", "the job's state could not be read")
	default:
		answer(w, http.StatusOK, job.View())
	}
}

func problem(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": code, "message": message}})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "private, no-cache, no-store, max-age=0, must-revalidate")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
