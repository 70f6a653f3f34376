package template

import "pack/manifest"

// What tests look at that is nobody else's.
var Expressions = expressions

const (
	RefreshReceives = refreshReceives
	JobReceives     = jobReceives
	SecretHeader    = secretHeader
	TagKey          = tagKey
	TagRemoval      = tagRemoval
	AbandonedWork   = abandonedWork
)

// Cached is what the CDN may keep of a deployment.
type Cached struct {
	Pages, Static, Images     bool
	Proxied, Headers, Cookies []string
	Warnings                  int
}

// CachedOf finds it.
func CachedOf(d *manifest.Deployment) (Cached, error) {
	c, err := cachingOf(d)
	return Cached{c.pages, c.static, c.images, c.proxied, c.headers, c.cookies, len(c.warnings)}, err
}
