package router

import "strings"

// splitTarget cuts a request target at its question mark and drops a fragment.
func splitTarget(target string) (path, query string) {
	if hash := strings.IndexByte(target, '#'); hash >= 0 {
		target = target[:hash]
	}
	path, query, _ = strings.Cut(target, "?")
	return path, query
}

// validTarget reports whether a request target can have come over HTTP: a path
// of printable ASCII (RFC 9112, 3.2.1). Node answers 400 to anything else.
func validTarget(target string) bool {
	if target == "" || target[0] != '/' {
		return false
	}
	for i := 0; i < len(target); i++ {
		if target[i] <= ' ' || target[i] >= 0x7f {
			return false
		}
	}
	return true
}

// collapseSlashes turns backslashes around and repeated slashes into one
// (normalizeRepeatedSlashes in next/dist/shared/lib/utils.js).
func collapseSlashes(path string) string {
	if strings.IndexByte(path, '\\') < 0 && !strings.Contains(path, "//") {
		return path
	}
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		if c == '\\' {
			c = '/'
		}
		if c == '/' && len(b) > 0 && b[len(b)-1] == '/' {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// normalizePath does to a path what new URL() does (WHATWG URL, 4.4): resolve
// dot segments, also percent-encoded ones, and encode what a path may not
// hold. Percent signs stay as they are.
func normalizePath(path string) string {
	path = escapePath(path)
	if !hasDots(path) {
		return path
	}
	var kept []string
	segments := strings.Split(path[1:], "/")
	for i, segment := range segments {
		last := i == len(segments)-1
		switch dots(segment) {
		case 1:
			if last {
				kept = append(kept, "")
			}
		case 2:
			if len(kept) > 0 {
				kept = kept[:len(kept)-1]
			}
			if last {
				kept = append(kept, "")
			}
		default:
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// escapePath encodes what the path percent-encode set of WHATWG URL names.
func escapePath(path string) string {
	return escape(path, func(c byte) bool { return strings.IndexByte(" \"#<>?`{}", c) >= 0 })
}

// escapeSearch encodes what the special-query percent-encode set names.
func escapeSearch(query string) string {
	return escape(query, func(c byte) bool { return strings.IndexByte(" \"#<>'", c) >= 0 })
}

// escapeLocation encodes what would end the path of a Location early. Spaces
// stay: next start sends them.
func escapeLocation(path string) string {
	return escape(path, func(c byte) bool { return c == '#' || c == '?' })
}

// hasDots reports whether a segment of the path may be "." or "..".
func hasDots(path string) bool {
	return strings.Contains(path, "/.") || strings.Contains(path, "/%2e") || strings.Contains(path, "/%2E")
}

// dots counts the dots of a segment that is nothing but one or two of them.
func dots(segment string) int {
	n := 0
	for segment != "" {
		switch {
		case segment[0] == '.':
			segment = segment[1:]
		case len(segment) >= 3 && segment[:2] == "%2" && (segment[2] == 'e' || segment[2] == 'E'):
			segment = segment[3:]
		default:
			return 0
		}
		if n++; n > 2 {
			return 0
		}
	}
	return n
}

// underPrefix reports whether path is prefix or below it.
func underPrefix(path, prefix string) bool {
	return strings.HasPrefix(path, prefix) && (len(path) == len(prefix) || path[len(prefix)] == '/')
}

// cutPrefix takes prefix off a path that is below it; what stays starts with a
// slash (removePathPrefix).
func cutPrefix(path, prefix string) string {
	if prefix == "" || !underPrefix(path, prefix) {
		return path
	}
	if len(path) == len(prefix) {
		return "/"
	}
	return path[len(prefix):]
}

// cutOrigin separates scheme and host of an absolute http address from the
// rest; false for every other kind of address.
func cutOrigin(address string) (origin, rest string, ok bool) {
	scheme := 0
	switch {
	case len(address) >= 7 && strings.EqualFold(address[:7], "http://"):
		scheme = 7
	case len(address) >= 8 && strings.EqualFold(address[:8], "https://"):
		scheme = 8
	default:
		return "", address, false
	}
	end := strings.IndexAny(address[scheme:], "/?#\\")
	if end < 0 {
		return address, "", true
	}
	return address[:scheme+end], address[scheme+end:], true
}

// sameOrigin compares two origins without regard to case and default ports.
func sameOrigin(a, b string) bool {
	return bareOrigin(a) == bareOrigin(b)
}

func bareOrigin(origin string) string {
	origin = strings.ToLower(origin)
	if strings.HasPrefix(origin, "http://") {
		return strings.TrimSuffix(origin, ":80")
	}
	return strings.TrimSuffix(origin, ":443")
}
