package images

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	whatwg "github.com/nlnwa/whatwg-url/url"
)

// original is a picture before optimization.
type original struct {
	body []byte
	// cacheControl is the response header.
	cacheControl string
	// etag is the response header in base64url, or a digest of body.
	etag string
}

// upstream fetches originals.
type upstream struct {
	transport http.RoundTripper
	source    Source
	maxBody   int64
	redirects int
	timeout   time.Duration
	log       *slog.Logger
}

const (
	invalidUpstream = `"url" parameter is valid but upstream response is invalid`
	invalidInternal = `"url" parameter is valid but internal response is invalid`
	lateUpstream    = `"url" parameter is valid but upstream response timed out`
)

func newUpstream(client *http.Client, o Options) *upstream {
	u := &upstream{
		transport: client.Transport,
		source:    o.Local,
		maxBody:   o.Images.MaximumResponseBody,
		redirects: o.Images.MaximumRedirects,
		timeout:   o.Timeout,
		log:       o.Log,
	}
	if u.transport == nil {
		u.transport = http.DefaultTransport
	}
	return u
}

// errTooLong is a body over maximumResponseBody.
var errTooLong = errors.New("body is over maximumResponseBody")

// local fetches one of the app's own addresses. Next does it with the method
// of the image request, HEAD aside, and its files answer 500 to all but GET.
func (u *upstream) local(ctx context.Context, href, method string) (*original, error) {
	raw, _, _ := strings.Cut(href, "#")
	path, _, _ := strings.Cut(raw, "?")
	if strings.Contains(path, `\`) || strings.Contains(path, "//") {
		// next start answers these with a redirect to the clean address,
		// which isn't followed.
		return nil, newError(http.StatusPermanentRedirect, invalidInternal, nil)
	}
	address, err := whatwg.ParseRef("http://n", raw)
	if err != nil || u.source == nil {
		return nil, newError(500, invalidUpstream, err)
	}
	response, err := u.source(ctx, address.Pathname()+address.Search(), http.Header{})
	if err != nil {
		return nil, newError(500, invalidUpstream, err)
	}
	defer response.Body.Close()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, newError(response.StatusCode, invalidInternal, nil)
	}
	if method != http.MethodGet && method != http.MethodHead {
		return nil, newError(500, invalidInternal, nil)
	}
	body, err := u.read(response.Body)
	switch {
	case errors.Is(err, errTooLong):
		return nil, newError(http.StatusRequestEntityTooLarge, invalidInternal, err)
	case err != nil:
		return nil, newError(500, invalidUpstream, err)
	case len(body) == 0:
		return nil, newError(400, invalidInternal, nil)
	}
	return newOriginal(response.Header, body), nil
}

// remote fetches from another host and follows redirects. As in Next, a
// redirect's target need not match remotePatterns; that it's a public address
// is checked for each.
func (u *upstream) remote(ctx context.Context, href string) (*original, error) {
	for left := u.redirects; ; left-- {
		o, next, err := u.fetch(ctx, href)
		if err != nil || o != nil {
			return o, err
		}
		if left == 0 {
			return nil, newError(http.StatusLoopDetected, invalidUpstream, nil)
		}
		href = next
	}
}

// fetch returns the picture or the address to go on with.
func (u *upstream) fetch(ctx context.Context, href string) (*original, string, error) {
	ctx, cancel := context.WithTimeout(ctx, u.timeout)
	defer cancel()
	request, err := newRequest(ctx, href)
	if err != nil {
		return nil, "", err
	}
	response, err := u.transport.RoundTrip(request)
	if err != nil {
		return nil, "", fetchError(ctx, err)
	}
	defer response.Body.Close()
	if location := response.Header.Get("Location"); location != "" && redirects(response.StatusCode) {
		if next, err := whatwg.ParseRef(href, location); err == nil {
			return nil, next.Href(false), nil
		}
	}
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return nil, "", newError(response.StatusCode, invalidUpstream, nil)
	}
	decoded, err := decodeBody(response)
	if err != nil {
		return nil, "", err
	}
	body, err := u.read(decoded)
	switch {
	case errors.Is(err, errTooLong):
		return nil, "", newError(http.StatusRequestEntityTooLarge, invalidUpstream, err)
	case err != nil:
		return nil, "", fetchError(ctx, err)
	case len(body) == 0:
		return nil, "", newError(400, invalidUpstream, nil)
	}
	return newOriginal(response.Header, body), "", nil
}

// newRequest connects to exactly the host that was checked: href is taken
// apart by the same parser that matched it against the app's patterns.
func newRequest(ctx context.Context, href string) (*http.Request, error) {
	u, err := whatwg.Parse(href)
	if err != nil {
		return nil, fmt.Errorf("parse upstream address: %w", err)
	}
	scheme := strings.TrimSuffix(u.Protocol(), ":")
	if scheme != "http" && scheme != "https" {
		return nil, fmt.Errorf("fetch upstream: protocol %q is not supported", scheme)
	}
	// Opaque keeps the path's escapes as they are; one that starts with two
	// slashes needs the host before it, or it would be read as one.
	path := u.Pathname()
	if strings.HasPrefix(path, "//") {
		path = "//" + u.Host() + path
	}
	request := &http.Request{
		Method: http.MethodGet,
		URL: &url.URL{
			Scheme:   scheme,
			Host:     u.Host(),
			Opaque:   path,
			RawQuery: strings.TrimPrefix(u.Search(), "?"),
		},
		Host: u.Host(),
		Header: http.Header{
			"Accept":          {"*/*"},
			"Accept-Language": {"*"},
			"Sec-Fetch-Mode":  {"cors"},
			"User-Agent":      {"node"},
			"Accept-Encoding": {"gzip, deflate"},
		},
	}
	if u.Username() != "" || u.Password() != "" {
		name, _ := url.PathUnescape(u.Username())
		password, _ := url.PathUnescape(u.Password())
		request.SetBasicAuth(name, password)
	}
	return request.WithContext(ctx), nil
}

// fetchError gives time-outs and refused addresses their answers; any other
// failure is an exception in Next and answers 500.
func fetchError(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, errPrivate):
		return newError(400, `"url" parameter is not allowed`, err)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return newError(http.StatusGatewayTimeout, lateUpstream, err)
	}
	return fmt.Errorf("fetch upstream: %w", err)
}

func redirects(status int) bool {
	switch status {
	case 301, 302, 303, 307, 308:
		return true
	}
	return false
}

// read takes the whole body, up to the app's limit.
func (u *upstream) read(body io.Reader) ([]byte, error) {
	if u.maxBody <= 0 {
		return io.ReadAll(body)
	}
	out, err := io.ReadAll(io.LimitReader(body, u.maxBody+1))
	if int64(len(out)) > u.maxBody {
		return nil, errTooLong
	}
	return out, err
}

func newOriginal(header http.Header, body []byte) *original {
	o := &original{body: body, cacheControl: header.Get("Cache-Control")}
	if etag := header.Get("ETag"); etag != "" {
		o.etag = base64.RawURLEncoding.EncodeToString([]byte(etag))
	} else {
		o.etag = digest(body)
	}
	return o
}

// maxAge is what a Cache-Control header says in seconds, the shared caches'
// part first; 0 when it says nothing.
func maxAge(header string) int {
	directives := map[string]string{}
	for directive := range strings.SplitSeq(strings.ToLower(header), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		directives[name] = value
	}
	value := directives["s-maxage"]
	if value == "" {
		value = directives["max-age"]
	}
	if len(value) > 1 && value[0] == '"' && value[len(value)-1] == '"' {
		value = value[1 : len(value)-1]
	}
	value = strings.TrimSpace(value)
	end := 0
	for end < len(value) && (value[end] >= '0' && value[end] <= '9' || end == 0 && value[end] == '-') {
		end++
	}
	n, err := strconv.Atoi(value[:end])
	if err != nil {
		return 0
	}
	return n
}
