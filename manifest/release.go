package manifest

import "time"

// ReleaseSchema is the version of the documents Release and Traffic.
const ReleaseSchema = 1

// Where the documents are in the state bucket.
const (
	// ControlFolder has all that says which releases there are and which is in
	// production: pack writes it, and functions only read.
	ControlFolder = "pack/"
	// TrafficKey is Traffic's.
	TrafficKey = ControlFolder + "traffic.json"
	// RecordFolder has what pack itself notes of releases.
	RecordFolder  = ControlFolder + "records/"
	releaseFolder = ControlFolder + "releases/"
)

// How a request says which release is to answer it: by a Release's ID or
// DeploymentID in a header or in the query, as Next's client sends them, or in a
// cookie of pack's own. All of them are part of the CDN's key.
const (
	ReleaseHeader = "x-deployment-id"
	ReleaseQuery  = "dpl"
	ReleaseCookie = "__pack_dpl"
)

// ReleaseKey is where a deployment's Release is in the state bucket.
func ReleaseKey(id string) string { return releaseFolder + id + ".json" }

// Release is what became of a Deployment on AWS: the exact versions that were
// published of its functions. It is written once, before anything is asked of
// the deployment, and never changes.
type Release struct {
	// Schema is ReleaseSchema.
	Schema int `json:"schema"`
	// ID is the Deployment's, or begins with it: where the same Deployment was
	// released again with other settings of AWS or another pack, a hyphen and a
	// digest follow. Gateway and worker are told by PACK_RELEASE; without it, it
	// is the Deployment's, whose pages it has in any case.
	ID string `json:"id"`
	// DeploymentID is the App's, by which Next's client names it; may be empty.
	DeploymentID string    `json:"deploymentId,omitempty"`
	Created      time.Time `json:"created"`
	// Versions are the numbers of Lambda's versions, by region and
	// Function.Name.
	Versions map[string]map[string]string `json:"versions"`
}

// Traffic says which releases are kept and who is sent to which. The gateway
// whose version the alias live names is the one in production and answers
// itself; it reads Traffic for a visitor who is pinned to another release, and
// for canaries. It is replaced by conditional writes alone.
type Traffic struct {
	// Schema is ReleaseSchema.
	Schema int `json:"schema"`
	// Active is the ID of the release in production.
	Active string `json:"active"`
	// Canary takes a part of the new visitors; nil when none does.
	Canary *Canary `json:"canary,omitempty"`
	// Releases are those that are kept, newest first, Active among them.
	Releases []TrafficRelease `json:"releases"`
}

// TrafficMemory is how long a gateway goes by the Traffic that it has read.
const TrafficMemory = 5 * time.Second

// Canary is a release that is tried on some visitors, each of whom stays with
// what was chosen first.
type Canary struct {
	ID string `json:"id"`
	// Weight is how many of a hundred new visitors it takes, 1 to 99.
	Weight int `json:"weight"`
}

// TrafficRelease is a release that may be asked for.
type TrafficRelease struct {
	ID string `json:"id"`
	// DeploymentID is the App's; may be empty, and may be that of several.
	DeploymentID string    `json:"deploymentId,omitempty"`
	Created      time.Time `json:"created"`
	// Gateway and Worker are the versions of these functions in the home
	// region; Worker may be empty.
	Gateway string `json:"gateway"`
	Worker  string `json:"worker,omitempty"`
	// Preview: it was never in production.
	Preview bool `json:"preview,omitempty"`
	// Activated is when it last came into production; zero when it never did, or
	// when a rollback took it out. A rollback goes to the one before.
	Activated time.Time `json:"activated,omitzero"`
}
