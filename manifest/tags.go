package manifest

import "strings"

// implicitTag is what Next puts before a path to make the tag that pages of the
// App Router carry for it (NEXT_CACHE_IMPLICIT_TAG_ID in next/dist/lib/constants.js).
const implicitTag = "_N_T_"

// PathTag gives the tag that revalidatePath(path) revalidates, in the form that
// entries carry. The path begins with a slash and does not end in one.
func PathTag(path string) string { return implicitTag + HeaderSafe(path) }

// pagesRouter is how the keys begin of pages of the Pages Router.
const pagesRouter = "/route-cache/PAGES/"

// KeyTag gives the tag for the path of an entry of the Pages Router, by its
// cache key; ok is false for other entries. Next gives these pages no tags, so
// that only res.revalidate reaches them; with one, whatever revalidates paths
// does.
func KeyTag(key string) (tag string, ok bool) {
	rest, ok := strings.CutPrefix(key, pagesRouter)
	if !ok {
		return "", false
	}
	_, path, ok := strings.Cut(rest, "/$")
	return PathTag(path), ok && strings.HasPrefix(path, "/")
}

// HeaderSafe is Next's encodeHeaderSafe (next/dist/server/lib), which tags go
// through: what is not printable ASCII is percent-encoded, and nothing else.
func HeaderSafe(text string) string {
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
