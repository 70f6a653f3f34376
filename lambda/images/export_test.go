package images

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
)

// What the tests hold against Next's own libraries.
var (
	ParseAccept = negotiate
	Kind        = detect
	Globs       = globs
	Names       = names
)

func MatchGlob(glob, name string, dot bool) bool { return matches(compileGlob(glob, dot), name) }

func Public(address string) bool {
	a, err := netip.ParseAddr(address)
	return err == nil && public(a)
}

// Names that resolve to given addresses.
type FakeNames map[string][]netip.Addr

func (f FakeNames) LookupNetIP(_ context.Context, _, host string) ([]netip.Addr, error) {
	return f[host], nil
}

// DialPublic dials through the guard, and reports the addresses that a socket
// would have been opened for instead of opening it.
func DialPublic(names FakeNames, address string) (dialled []string, err error) {
	dialer := &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		dialled = append(dialled, address)
		return fmt.Errorf("not in a test")
	}}
	_, err = dialPublic(context.Background(), dialer, names, "tcp", address)
	return dialled, err
}

var ErrPrivate = errPrivate

func GuardedTransport() http.RoundTripper { return guardedClient(false).Transport }
