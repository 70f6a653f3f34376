// Package router resolves requests as Next.js does: redirects, header rules,
// proxy.ts, rewrites, files, dynamic routes and fallbacks, in the order and
// with the meaning that `next start` gives them, on the routing table of
// Next's adapter API.
//
// Two programs were followed: @next/routing 16.4 for the table's format
// (next/dist/docs/01-app/03-api-reference/07-adapters/05-routing-with-next-routing.md)
// and next start 16.4 for behaviour (next/dist/server/lib/router-utils/
// resolve-routes.js and filesystem.js, next/dist/server/lib/router-server.js).
// Where they differ, next start is right; differential_test.go lists where.
package router

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"pack/manifest"
)

// Kind says what became of a request.
type Kind int

const (
	// NotFound: nothing answers the address; the app's not-found page does.
	NotFound Kind = iota
	// Asset: Pathname is a file.
	Asset
	// Output: Pathname is an output or a page of the deployment.
	Output
	// Image: the image optimizer is asked.
	Image
	// Redirect: Location and Status are the answer.
	Redirect
	// External: the request goes on to Location, an address elsewhere.
	External
	// Responded: the proxy's own response is the answer.
	Responded
	// BadRequest: the address cannot be decoded.
	BadRequest
)

func (k Kind) String() string {
	names := [...]string{"not found", "asset", "output", "image", "redirect", "external", "responded", "bad request"}
	if k < 0 || int(k) >= len(names) {
		return fmt.Sprintf("kind %d", int(k))
	}
	return names[k]
}

// Request is what a visitor asked for.
type Request struct {
	Method string
	// Target is the path and query as they stood in the request line, not
	// decoded.
	Target string
	// Host may have a port.
	Host string
	// Header has canonical keys, as net/http makes them. It is not changed.
	Header http.Header
	HTTPS  bool
}

// Result is where a request goes. Maps and slices in it may be shared with the
// request: they are to be read.
type Result struct {
	Kind Kind
	// Pathname is the asset's, output's or page's; of a dynamic route, the
	// template: /blog/[slug].
	Pathname string
	// Path is the path to invoke, after rewrites, as it stands in an address:
	// percent-encoded, with basePath.
	Path string
	// Query is what goes with Path. Parameters under the names that Next
	// reserves for route parameters (nxtP…, nxtI…) are taken out. RawQuery is
	// the same, encoded.
	Query    Query
	RawQuery string
	// Part is the pathname of the prerendered part of a page that Path names,
	// as in manifest.Part, or "".
	Part string
	// Params are the parameters of a dynamic route, in the order of its path.
	Params []Param
	// Rewritten is set when a rule or the proxy changed path or query.
	Rewritten bool
	// Data is set for requests for /_next/data/<build>/x.json, also when they
	// were resolved as /x.
	Data bool
	// Locale and DefaultLocale are empty for apps without i18n.
	Locale, DefaultLocale string
	// Status is that of a redirect or of the proxy's response, 404 for
	// NotFound, 400 for BadRequest, otherwise 0.
	Status int
	// ProxyStatus is the status of a proxy that let the request pass or rewrote
	// it: that of a page which has none of its own. 0 and 200 are none.
	ProxyStatus int
	// Location is absolute or a path; set for Redirect and External.
	Location string
	// Header is for the response. A redirect by a rule has none of the header
	// rules' headers, nor has an external rewrite by a rule.
	Header http.Header
	// RequestHeader is for the function.
	RequestHeader http.Header
}

// Router resolves requests; it is safe for concurrent use.
type Router struct {
	app       manifest.App
	build     string
	locales   *locales
	addresses *addresses
	dynamic   *dynamic
	// normalizeData says that data requests are resolved as their pages.
	normalizeData bool

	beforeMiddleware, matchers, beforeFiles, afterFiles, onMatch, fallback *phase
}

// New compiles a table. It keeps references to it: the table must not change
// afterwards. The error is a *PatternError when a pattern does not compile.
func New(t Table) (*Router, error) {
	r := &Router{
		app:           t.App,
		build:         t.BuildID,
		locales:       &locales{t.App.I18n},
		normalizeData: t.Routing.ShouldNormalizeNextData,
	}
	r.addresses = newAddresses(t, r.locales)
	fold := !t.App.CaseSensitiveRoutes
	for _, p := range []struct {
		to     **phase
		name   string
		routes []manifest.Route
		fold   bool
	}{
		{&r.beforeMiddleware, "beforeMiddleware", t.Routing.BeforeMiddleware, fold},
		// next start matches proxy.ts with the patterns as they are, and
		// rewrites of beforeFiles without regard to case in any app.
		{&r.matchers, "middlewareMatchers", t.Routing.MiddlewareMatchers, false},
		{&r.beforeFiles, "beforeFiles", t.Routing.BeforeFiles, true},
		{&r.afterFiles, "afterFiles", t.Routing.AfterFiles, fold},
		{&r.onMatch, "onMatch", t.Routing.OnMatch, fold},
		{&r.fallback, "fallback", t.Routing.Fallback, fold},
	} {
		compiled, err := compilePhase(p.name, p.routes, p.fold)
		if err != nil {
			return nil, err
		}
		*p.to = compiled
	}
	var err error
	if r.dynamic, err = compileDynamic(t.Routing.DynamicRoutes); err != nil {
		return nil, err
	}
	return r, nil
}

// errMalformed ends a resolution with BadRequest: a parameter of a dynamic
// route cannot be decoded (DecodeError in next/dist/shared/lib/utils.js).
var errMalformed = errors.New("malformed path")

// Resolve finds out where a request goes. proxy may be nil. The error is that
// of the proxy, of the context, or of a pattern that took too long; a result
// beside it has the locale alone, for the error page.
func (r *Router) Resolve(ctx context.Context, request *Request, proxy Proxy) (*Result, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("resolve %q: %w", request.Target, err)
	}
	s := &resolution{router: r, request: request, response: http.Header{}}
	result, err := s.run(ctx, proxy)
	if errors.Is(err, errMalformed) {
		return &Result{Kind: BadRequest, Status: http.StatusBadRequest, Header: http.Header{}, RequestHeader: s.headers}, nil
	}
	if err != nil {
		return &Result{Locale: s.locale, DefaultLocale: s.defaultLocale}, fmt.Errorf("resolve %q: %w", request.Target, err)
	}
	return result, nil
}
