package gateway

import (
	"crypto/sha256"
	"crypto/subtle"
	"net/http"

	"pack/lambda/event"
)

// SecretHeader is what the CDN proves itself with; infra/template has it sent.
const SecretHeader = "X-Pack-Origin-Secret"

// Origin answers 403 to whoever comes to the gateway's own URL past the CDN:
// requests that show none of the secrets. Several are for the time in which the
// CDN changes from one to the next; empty ones count for nothing, and without
// any all may pass. pack's own functions, which call by name, show none.
//
// From the CDN the viewer's host name comes in X-Forwarded-Host, since a
// function URL must be asked by its own.
func Origin(next http.Handler, secrets ...string) http.Handler {
	var sums [][sha256.Size]byte
	for _, secret := range secrets {
		if secret != "" {
			sums = append(sums, sha256.Sum256([]byte(secret)))
		}
	}
	if len(sums) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if event.CallOf(r.Context()) != nil {
			next.ServeHTTP(w, r)
			return
		}
		// Sums are compared, so that the time says nothing of lengths either.
		shown, known := sha256.Sum256([]byte(r.Header.Get(SecretHeader))), 0
		for i := range sums {
			known |= subtle.ConstantTimeCompare(shown[:], sums[i][:])
		}
		if known == 0 {
			w.Header().Set("Cache-Control", noStore)
			http.Error(w, "Forbidden", http.StatusForbidden)
			return
		}
		r.Header.Del(SecretHeader)
		if host := r.Header.Get("X-Forwarded-Host"); host != "" {
			r.Host = host
		}
		next.ServeHTTP(w, r)
	})
}
