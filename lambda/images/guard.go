package images

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

// errPrivate is an address that isn't public.
var errPrivate = errors.New("address is not public")

// special are the blocks that aren't public: IANA's special-purpose registries
// (RFC 6890 and its updates), the blocks that translate to or tunnel IPv4, and
// those that the npm package ipaddr.js, which Next asks, calls anything but
// unicast.
var special = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
	"192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
	"::/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23",
	"2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16",
	"fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		out[i] = netip.MustParsePrefix(text)
	}
	return out
}

// public tells whether an address may be fetched from. An IPv4 address inside
// an IPv6 one counts as itself.
func public(address netip.Addr) bool {
	address = address.Unmap().WithZone("")
	if !address.IsValid() {
		return false
	}
	for _, p := range special {
		if p.Contains(address) {
			return false
		}
	}
	return true
}

// guardedClient connects to public addresses only, unless allowLocal is set.
// A name is refused when any of its addresses isn't public. The addresses that
// were checked are the ones dialled, and each socket is checked again before
// it connects, so that a name that changes its mind gains nothing. Proxies of
// the environment aren't used: they'd resolve names themselves.
func guardedClient(allowLocal bool) *http.Client {
	dialer := &net.Dialer{Timeout: 7 * time.Second}
	transport := &http.Transport{
		DialContext:           dialer.DialContext,
		DisableCompression:    true,
		MaxIdleConnsPerHost:   2,
		IdleConnTimeout:       30 * time.Second,
		TLSHandshakeTimeout:   7 * time.Second,
		ResponseHeaderTimeout: 0,
	}
	if !allowLocal {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			checked, err := netip.ParseAddrPort(address)
			if err != nil || !public(checked.Addr()) {
				return fmt.Errorf("connect to %s: %w", address, errPrivate)
			}
			return nil
		}
		transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			return dialPublic(ctx, dialer, net.DefaultResolver, network, address)
		}
	}
	return &http.Client{Transport: transport}
}

// resolver is net.Resolver's part that is needed.
type resolver interface {
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

// dialPublic resolves, checks and connects.
func dialPublic(ctx context.Context, dialer *net.Dialer, names resolver, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read address %q: %w", address, err)
	}
	var addresses []netip.Addr
	if literal, err := netip.ParseAddr(host); err == nil {
		addresses = []netip.Addr{literal}
	} else if addresses, err = names.LookupNetIP(ctx, "ip", host); err != nil {
		return nil, fmt.Errorf("resolve %s: %w", host, err)
	}
	for _, a := range addresses {
		if !public(a) {
			return nil, fmt.Errorf("resolve %s to %s: %w", host, a, errPrivate)
		}
	}
	err = fmt.Errorf("resolve %s: no addresses", host)
	for _, a := range addresses {
		var connection net.Conn
		connection, err = dialer.DialContext(ctx, network, net.JoinHostPort(a.Unmap().String(), port))
		if err == nil {
			return connection, nil
		}
	}
	return nil, err
}
