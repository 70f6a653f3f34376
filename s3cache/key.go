package s3cache

import (
	"crypto/sha256"
	"encoding/hex"
	"unicode/utf8"
)

// Key names an entry as Next.js does; the name is opaque.
type Key struct {
	// Name is Next.js's cache key.
	Name string
	// Data: the entry belongs to the data cache, which can outlive a deployment.
	Data bool
}

// PageKey is the key of a page or a route handler's answer.
func PageKey(name string) Key { return Key{Name: name} }

// DataKey is the key of an item of the data cache.
func DataKey(name string) Key { return Key{Name: name, Data: true} }

// longestName is how much of an object's key a name may take in bytes; S3 allows 1024
// with the prefix.
const longestName = 700

// object returns the key's object: readable below "e/", or hashed below "h/" if it is
// too long or no text.
func (c *Cache) object(key Key) string { return c.place(key, "/e/", "/h/") }

// lease returns the object of the key's lease.
func (c *Cache) lease(key Key) string { return c.place(key, "/l/", "/m/") }

func (c *Cache) place(key Key, readable, hashed string) string {
	prefix := c.prefix
	if key.Data {
		prefix = c.dataPrefix
	}
	if len(key.Name) <= longestName && utf8.ValidString(key.Name) {
		return prefix + readable + key.Name
	}
	sum := sha256.Sum256([]byte(key.Name))
	return prefix + hashed + hex.EncodeToString(sum[:])
}
