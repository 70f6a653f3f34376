package webhooks

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"pack/manifest"
)

// Next's bounds on tags (NEXT_CACHE_TAG_MAX_LENGTH and
// NEXT_CACHE_SOFT_TAG_MAX_LENGTH in next/dist/lib/constants.js), in characters.
const (
	longestTag  = 256
	longestPath = 1024
)

// tagOf checks a tag and gives it as Next stores it.
func tagOf(tag string) (string, error) {
	if tag = manifest.HeaderSafe(tag); utf8.RuneCountInString(tag) > longestTag {
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
	if path = manifest.HeaderSafe(path); utf8.RuneCountInString(path) > longestPath {
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
		return []string{manifest.PathTag("/"), manifest.PathTag("/index")}
	}
	return []string{manifest.PathTag(path)}
}
