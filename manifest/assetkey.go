package manifest

import "strings"

// StaticFolder is where Next's own files are below basePath.
const StaticFolder = "/_next/static/"

// Where the app's files are in the bucket of assets, below the prefix that the
// functions are told.
const (
	// AssetStatic holds the files of StaticFolder at their addresses, which
	// change with their content: the CDN takes them from there, and those of
	// all kept deployments lie beside each other.
	AssetStatic = "static"
	// AssetFiles holds the others by their digests: their addresses stay when
	// they change, and so flip with the deployment.
	AssetFiles = "files"
)

// AssetKey is where an asset is in the bucket of assets, below the prefix.
func (d *Deployment) AssetKey(a *Asset) string {
	if strings.HasPrefix(a.Pathname, d.App.BasePath+StaticFolder) {
		return AssetStatic + a.Pathname
	}
	return AssetFiles + "/" + a.Digest
}
