package webhooks

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Next's bounds on tags (NEXT_CACHE_TAG_MAX_LENGTH and
// NEXT_CACHE_SOFT_TAG_MAX_LENGTH in next/dist/lib/constants.js), in characters.
const (
	longestTag  = 256
	longestPath = 1024
)

// implicitTag is what Next puts before a path to make the tag that every page
// of it carries (NEXT_CACHE_IMPLICIT_TAG_ID).
const implicitTag = "_N_T_"

// tagOf checks a tag and gives it as Next stores it.
func tagOf(tag string) (string, error) {
	if tag = headerSafe(tag); utf8.RuneCountInString(tag) > longestTag {
		return "", fmt.Errorf("the tag %.40s… has more than %d characters", tag, longestTag)
	}
	return tag, nil
}

// pathOf checks a path and gives it as Next writes it: without a slash at its
// end, and percent-encoded where it is not ASCII.
func pathOf(path string) (string, error) {
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // Storyblok's full_slug and its like.
	}
	if path = headerSafe(path); utf8.RuneCountInString(path) > longestPath {
		return "", fmt.Errorf("the path %.40s… has more than %d characters", path, longestPath)
	}
	if strings.ContainsAny(path, "?#") {
		return "", fmt.Errorf("the path %s has a query or a fragment: pages are refreshed by path", path)
	}
	if trimmed := strings.TrimRight(path, "/"); trimmed != "" {
		return trimmed, nil
	}
	return "/", nil
}

// PathTags gives the tags that revalidatePath(path) revalidates
// (next/dist/server/web/spec-extension/revalidate.js). The path is as Changes
// has it.
func PathTags(path string) []string {
	switch path {
	case "/", "/index":
		return []string{implicitTag + "/", implicitTag + "/index"}
	}
	return []string{implicitTag + path}
}

// headerSafe is Next's encodeHeaderSafe (next/dist/server/lib): what is not
// printable ASCII is percent-encoded, and nothing else.
func headerSafe(text string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		if c == '\t' || c >= 0x20 && c <= 0x7e {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}
