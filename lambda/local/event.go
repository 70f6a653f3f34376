package local

import (
	"encoding/base64"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// eventMeta is what the event of a function URL holds besides the HTTP request.
type eventMeta struct {
	function  string
	requestID string
	trace     string
	now       time.Time
}

// appendEvent appends the payload 2.0 event of a request, written by hand because it
// is made for every request. See
// https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload
//
// As with API Gateway's payload 2.0, cookies are in cookies and not in headers. A plus
// sign of the query is a space in rawQueryString, as it has been seen on AWS:
// https://github.com/aws/aws-lambda-web-adapter/issues/491
// Bytes that are not UTF-8 become U+FFFD.
func appendEvent(b []byte, r *http.Request, body []byte, m eventMeta) []byte {
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // absolute form, *, or a request made by hand
		path, query = r.URL.EscapedPath(), r.URL.RawQuery
		if !strings.HasPrefix(path, "/") {
			path = "/" + path
		}
	}
	ip, port := splitAddress(r.RemoteAddr)
	b = append(b, `{"version":"2.0","routeKey":"$default","rawPath":`...)
	b = appendString(b, path)
	b = append(b, `,"rawQueryString":`...)
	b = appendString(b, strings.ReplaceAll(query, "+", " "))
	b = appendCookies(b, r.Header["Cookie"])
	b = append(b, `,"headers":{`...)
	b = appendHeaders(b, r, ip, port, m.trace)
	b = append(b, '}')
	b = appendQuery(b, query)
	b = append(b, `,"requestContext":{"accountId":"anonymous","apiId":`...)
	b = appendString(b, m.function)
	b = append(b, `,"domainName":`...)
	b = appendString(b, r.Host)
	b = append(b, `,"domainPrefix":`...)
	b = appendString(b, m.function)
	b = append(b, `,"http":{"method":`...)
	b = appendString(b, r.Method)
	b = append(b, `,"path":`...)
	b = appendString(b, path)
	b = append(b, `,"protocol":`...)
	b = appendString(b, r.Proto)
	b = append(b, `,"sourceIp":`...)
	b = appendString(b, ip)
	b = append(b, `,"userAgent":`...)
	b = appendString(b, r.UserAgent())
	b = append(b, `},"requestId":`...)
	b = appendString(b, m.requestID)
	b = append(b, `,"routeKey":"$default","stage":"$default","time":"`...)
	b = m.now.UTC().AppendFormat(b, "02/Jan/2006:15:04:05 -0700")
	b = append(b, `","timeEpoch":`...)
	b = strconv.AppendInt(b, m.now.UnixMilli(), 10)
	b = append(b, '}')
	return append(appendBody(b, body, r.Header.Get("Content-Type")), '}')
}

func splitAddress(address string) (host, port string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return address, ""
	}
	return host, port
}

func appendCookies(b []byte, lines []string) []byte {
	first := true
	for _, line := range lines {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie == "" {
				continue
			}
			if first {
				b = append(b, `,"cookies":[`...)
				first = false
			} else {
				b = append(b, ',')
			}
			b = appendString(b, cookie)
		}
	}
	if !first {
		b = append(b, ']')
	}
	return b
}

// appendHeaders appends the request's headers and those that AWS adds or replaces.
func appendHeaders(b []byte, r *http.Request, ip, port, trace string) []byte {
	proto := "http"
	if r.TLS != nil {
		proto = "https"
	}
	if _, p := splitAddress(r.Host); p != "" {
		port = p
	} else if r.Host != "" {
		port = map[string]string{"http": "80", "https": "443"}[proto]
	}
	forwarded := ip
	if before := strings.Join(r.Header["X-Forwarded-For"], ", "); before != "" {
		forwarded = before + ", " + ip
	}
	b = append(b, `"host":`...)
	b = appendString(b, r.Host)
	b = append(b, `,"x-forwarded-for":`...)
	b = appendString(b, forwarded)
	b = append(b, `,"x-forwarded-port":`...)
	b = appendString(b, port)
	b = append(b, `,"x-forwarded-proto":"`...)
	b = append(b, proto...)
	b = append(b, `","x-amzn-trace-id":`...)
	b = appendString(b, trace)
	for name, values := range r.Header {
		switch name {
		case "Host", "Cookie", "X-Forwarded-For", "X-Forwarded-Port", "X-Forwarded-Proto", "X-Amzn-Trace-Id":
			continue
		}
		b = append(b, ',')
		b = appendString(b, strings.ToLower(name))
		b = append(b, ':')
		b = appendJoined(b, values)
	}
	return b
}

// appendQuery appends the decoded parameters, in the order of their first mention.
func appendQuery(b []byte, query string) []byte {
	if query == "" {
		return b
	}
	type parameter struct {
		name   string
		values []string
	}
	var all []parameter
	var index map[string]int // of all, once there are many: a query may hold 100,000
	for pair := range strings.SplitSeq(query, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = decoded(name), decoded(value)
		i, known := -1, false
		if index != nil {
			i, known = index[name]
		} else {
			i = slices.IndexFunc(all, func(p parameter) bool { return p.name == name })
			known = i >= 0
		}
		if known {
			all[i].values = append(all[i].values, value)
			continue
		}
		all = append(all, parameter{name, []string{value}})
		switch {
		case index != nil:
			index[name] = len(all) - 1
		case len(all) == 16:
			index = make(map[string]int, 64)
			for i, p := range all {
				index[p.name] = i
			}
		}
	}
	if len(all) == 0 {
		return b
	}
	b = append(b, `,"queryStringParameters":{`...)
	for i, p := range all {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, p.name)
		b = append(b, ':')
		b = appendJoined(b, p.values)
	}
	return append(b, '}')
}

// decoded undoes percent encoding, and leaves alone what isn't. Two names that differ
// only in bytes that are not UTF-8 must not become two equal keys.
func decoded(s string) string {
	if d, err := url.QueryUnescape(s); err == nil {
		s = d
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}

func appendBody(b, body []byte, contentType string) []byte {
	if len(body) == 0 {
		return append(b, `,"isBase64Encoded":false`...)
	}
	if textual(contentType) && utf8.Valid(body) {
		b = append(b, `,"body":`...)
		b = appendString(b, body)
		return append(b, `,"isBase64Encoded":false`...)
	}
	b = append(b, `,"body":"`...)
	b = base64.StdEncoding.AppendEncode(b, body)
	return append(b, `","isBase64Encoded":true`...)
}

// textual says whether AWS passes a body of this type as it is.
func textual(contentType string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	switch media {
	case "application/json", "application/javascript", "application/xml":
		return true
	}
	return strings.HasPrefix(media, "text/")
}

func appendJoined(b []byte, values []string) []byte {
	if len(values) == 1 {
		return appendString(b, values[0])
	}
	return appendString(b, strings.Join(values, ","))
}

// appendString appends a JSON string (RFC 8259, section 7).
func appendString[T string | []byte](b []byte, s T) []byte {
	b = append(b, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(string(s[i:min(i+utf8.UTFMax, len(s))]))
			if r == utf8.RuneError && n == 1 {
				b = append(append(b, s[done:i]...), "\uFFFD"...)
				done = i + 1
			}
			i += n
			continue
		}
		b = append(b, s[done:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, `\u00`...)
			b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		}
		i++
		done = i
	}
	return append(append(b, s[done:]...), '"')
}
