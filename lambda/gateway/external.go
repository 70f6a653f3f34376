package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

var errPrivate = errors.New("address is private; external rewrites reach public ones only")

type targetKey struct{}

func withTarget(r *http.Request, address *url.URL) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), targetKey{}, address))
}

// newExternal makes the proxy for rewrites to other hosts. Bodies stream both
// ways. Unless allowed, connections to addresses that only this network
// reaches are refused after name resolution, so that no name can hide one.
func newExternal(allowPrivate bool) http.Handler {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	if !allowPrivate {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			host, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			if !public(host.Addr()) {
				return errPrivate
			}
			return nil
		}
	}
	return &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			address := p.In.Context().Value(targetKey{}).(*url.URL)
			p.Out.URL = address
			p.Out.Host = address.Host
			// Function URLs that stream take Content-Encoding off, or fail over it:
			// https://github.com/opennextjs/opennextjs-aws/issues/1127
			p.Out.Header.Set("Accept-Encoding", "identity")
			p.Out.Header["X-Forwarded-For"] = p.In.Header["X-Forwarded-For"]
			p.Out.Header["X-Forwarded-Host"] = p.In.Header["X-Forwarded-Host"]
			p.Out.Header["X-Forwarded-Proto"] = p.In.Header["X-Forwarded-Proto"]
		},
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableCompression: true, ForceAttemptHTTP2: true, IdleConnTimeout: time.Minute},
		FlushInterval: -1,
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			slog.Error("external rewrite failed", "path", r.URL.Path, "error", err)
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		},
	}
}

var sharedAddressSpace = netip.MustParsePrefix("100.64.0.0/10")

func public(a netip.Addr) bool {
	a = a.Unmap()
	return a.IsGlobalUnicast() && !a.IsPrivate() && !sharedAddressSpace.Contains(a)
}
