package manifest

import "io/fs"

// Plan is a Deployment together with where its bytes are on this machine. The
// bundle step reads it; only the Deployment outlives it.
type Plan struct {
	Deployment *Deployment
	// Files are the contents of each function's archive, by function name,
	// sorted by File.Name.
	Files map[string][]File
	// AssetSources maps Asset.File to an absolute path.
	AssetSources map[string]string
	// SeedSources maps Part.File to an absolute path.
	SeedSources map[string]string
	// Warnings are for the owner to read: nothing is wrong yet.
	Warnings []string
}

// File is one file of an archive.
type File struct {
	// Name is the path inside the archive, with forward slashes.
	Name string
	// Source is an absolute path; empty when Content holds the bytes.
	Source  string
	Content []byte
	// Mode has the permission bits, and fs.ModeSymlink for a link.
	Mode fs.FileMode
	// Link is the target of a symbolic link, relative to Name's folder.
	Link string
	// Size is in bytes.
	Size int64
	// Hash identifies the content: equal hashes, equal bytes. It is the
	// adapter's assetsHashes value where there is one.
	Hash string
}

// Where functions find what they need to know: FunctionFile in their archives, the
// Deployment, which only gateway and worker have, in a layer beside their program,
// as DeploymentFile in the folder DeploymentFolder.
const (
	FunctionFile     = "pack/function.json"
	DeploymentFolder = "pack"
	DeploymentFile   = "deployment.json"
)

// FunctionDocumentSchema is the version of FunctionDocument.
const FunctionDocumentSchema = 1

// FunctionDocument is FunctionFile in the archive of a function: what it is, and
// what a route function needs to know of the deployment; nothing that a change of
// another route could change.
type FunctionDocument struct {
	// Schema is FunctionDocumentSchema.
	Schema int `json:"schema"`
	// App is without secrets that the function does not need.
	App App `json:"app"`
	// Function is without its Archive.
	Function Function `json:"function"`
}
