package release

import (
	"time"

	"pack/manifest"
)

const recordFolder = manifest.RecordFolder

// Record says what a release uses, for those who tidy up after others and for
// those who compare. It is written before the Release, and once.
type Record struct {
	// Schema is manifest.ReleaseSchema.
	Schema int    `json:"schema"`
	ID     string `json:"id"`
	// Deployment is the ID of the Deployment, below which its pages are.
	Deployment string `json:"deployment"`
	// Configuration is a digest over everything that its functions' versions are
	// made of.
	Configuration string    `json:"configuration"`
	Created       time.Time `json:"created"`
	// Artifacts are the keys of archives, layers and templates by region, Assets
	// those in the bucket of assets.
	Artifacts map[string][]string `json:"artifacts"`
	Assets    []string            `json:"assets"`
	// Secrets are digests of the origin secrets that its gateway takes.
	Secrets []string `json:"secrets,omitempty"`
}
