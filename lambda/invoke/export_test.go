package invoke

import (
	"net/http"
	"time"
)

// NewTransport is a function's transport, which trusts connections for another time.
func NewTransport(fresh time.Duration) http.RoundTripper { return newTransport(fresh) }
