package purge

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"slices"
	"strings"
)

// MostTags is how many tags CloudFront keeps of one object; further ones are
// dropped without a word.
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-tags.html
const MostTags = 50

// Many is the tag of objects that have more tags than fit. Every purge by tag
// purges them too: rather too often than never.
const Many = "pack-many"

// pageTag is how the tag begins that Next gives every page for its path.
const pageTag = "_N_T_/"

var tagText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Tag gives a cache tag of Next's as the CDN knows it: 16 letters and digits,
// a hash, since CloudFront's tags are ASCII without commas, of 256 characters
// at most, and the same in upper and lower case, and Next's are none of that.
func Tag(tag string) string {
	sum := sha256.Sum256([]byte(tag))
	return strings.ToLower(tagText.EncodeToString(sum[:10]))
}

// Header gives the value of the tag header for an object with these tags of
// Next's: "" for none. Of more than MostTags it holds Many and as many as fit,
// those for paths first, so that what names the page itself is always there.
func Header(tags []string) string {
	unique := slices.Clone(tags)
	slices.Sort(unique)
	unique = slices.Compact(unique)
	var names []string
	if len(unique) > MostTags {
		slices.SortStableFunc(unique, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
		unique = unique[:MostTags-1]
		names = append(names, Many)
	}
	for _, tag := range unique {
		names = append(names, Tag(tag))
	}
	return strings.Join(names, ",")
}

// rank orders tags by how much is lost without them: the page's own, then
// those of its layouts, then the app's.
func rank(tag string) int {
	switch {
	case !strings.HasPrefix(tag, pageTag):
		return 2
	case strings.HasSuffix(tag, "/layout"):
		return 1
	}
	return 0
}
