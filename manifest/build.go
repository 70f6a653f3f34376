package manifest

import (
	"encoding/json"
	"io/fs"
	"math"
)

// BuildSchema is the version of the build document that the adapter writes and
// Decode reads.
const BuildSchema = 1

// Build is what the adapter captured from one `next build`, and what Capture
// measured of the files that it names. Its paths are absolute and of the
// machine that built it: it never leaves that machine.
//
// The fields follow onBuildComplete's context
// (node_modules/next/dist/docs/01-app/03-api-reference/07-adapters/03-api-reference.md),
// less what nothing reads. The assets of all outputs are one table, since a
// hundred routes share almost all of them.
type Build struct {
	// Schema is BuildSchema.
	Schema      int    `json:"schema"`
	BuildID     string `json:"buildId"`
	NextVersion string `json:"nextVersion"`
	// ProjectDir, RepoRoot and DistDir are absolute.
	ProjectDir string  `json:"projectDir"`
	RepoRoot   string  `json:"repoRoot"`
	DistDir    string  `json:"distDir"`
	Config     Config  `json:"config"`
	Routing    Routing `json:"routing"`
	Outputs    Outputs `json:"outputs"`
	// Files are the files of all functions, sorted by Name, then Source.
	Files []SourceFile `json:"files"`
	// Replaced names the settings of next.config that the adapter had to
	// overrule, such as "cacheHandler".
	Replaced []string `json:"replaced,omitempty"`
	// Fingerprint is what Fingerprint gave for the app as it was built.
	Fingerprint string `json:"fingerprint,omitempty"`

	// Measured is set once the fields of this paragraph, and those of Files,
	// describe what is on disk.
	Measured bool `json:"measured,omitempty"`
	// Static holds size and digest of every file that is served as it is or
	// seeds a page, by absolute path.
	Static map[string]StaticFile `json:"static,omitempty"`
	// Public lists the public folder, sorted by Pathname.
	Public []PublicFile `json:"public,omitempty"`
}

// Config is the part of the resolved next.config that planning needs.
type Config struct {
	Output                    string `json:"output,omitempty"`
	BasePath                  string `json:"basePath,omitempty"`
	AssetPrefix               string `json:"assetPrefix,omitempty"`
	DeploymentID              string `json:"deploymentId,omitempty"`
	TrailingSlash             bool   `json:"trailingSlash,omitempty"`
	PoweredByHeader           bool   `json:"poweredByHeader,omitempty"`
	GenerateEtags             bool   `json:"generateEtags,omitempty"`
	ExpireTime                int    `json:"expireTime,omitempty"`
	StaleTime                 int    `json:"staleTime,omitempty"`
	SkipProxyURLNormalize     bool   `json:"skipProxyUrlNormalize,omitempty"`
	SkipTrailingSlashRedirect bool   `json:"skipTrailingSlashRedirect,omitempty"`
	CaseSensitiveRoutes       bool   `json:"caseSensitiveRoutes,omitempty"`
	CacheComponents           bool   `json:"cacheComponents,omitempty"`
	I18n                      *I18n  `json:"i18n,omitempty"`
	Images                    Images `json:"images"`
	// PageExtensions are without the dot.
	PageExtensions []string `json:"pageExtensions,omitempty"`
}

// Outputs is what Next built (07-adapters/09-output-types.md).
type Outputs struct {
	Pages       []RouteOutput  `json:"pages"`
	PagesAPI    []RouteOutput  `json:"pagesApi"`
	AppPages    []RouteOutput  `json:"appPages"`
	AppRoutes   []RouteOutput  `json:"appRoutes"`
	Prerenders  []Prerender    `json:"prerenders"`
	StaticFiles []StaticOutput `json:"staticFiles"`
	Middleware  *RouteOutput   `json:"middleware,omitempty"`
}

// RouteOutput is an output that runs code: an AdapterOutput of type PAGES,
// PAGES_API, APP_PAGE, APP_ROUTE or MIDDLEWARE.
type RouteOutput struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	// FilePath is the absolute path of the entry module.
	FilePath   string `json:"filePath"`
	Pathname   string `json:"pathname"`
	SourcePage string `json:"sourcePage"`
	// Runtime is "nodejs" or EdgeRuntime.
	Runtime string       `json:"runtime"`
	Config  OutputConfig `json:"config"`
	// Files are indexes into Build.Files: the traced assets and the entry.
	Files []int `json:"files"`
	// Edge is set for an output of the edge runtime.
	Edge *EdgeOutput `json:"edge,omitempty"`
	// Source is the app's file behind the output, relative to the project
	// folder with forward slashes; measured, and empty when not found.
	Source string `json:"source,omitempty"`
}

// OutputConfig is what the route's own file sets.
type OutputConfig struct {
	// MaxDuration is in seconds; nil when the route does not say.
	MaxDuration     *float64    `json:"maxDuration,omitempty"`
	PreferredRegion stringOrSet `json:"preferredRegion,omitempty"`
}

// Prerender is an output that was rendered by the build, or a template whose
// addresses are rendered on demand.
type Prerender struct {
	ID             string `json:"id"`
	Pathname       string `json:"pathname"`
	ParentOutputID string `json:"parentOutputId"`
	GroupID        int    `json:"groupId"`
	Route          string `json:"route"`
	RouteType      string `json:"routeType,omitempty"`
	Response       string `json:"response,omitempty"`
	Compute        string `json:"compute,omitempty"`
	// ParentFallbackMode is false, null, a string, or absent.
	ParentFallbackMode json.RawMessage    `json:"parentFallbackMode,omitempty"`
	Fallback           *PrerenderFallback `json:"fallback,omitempty"`
	Config             PrerenderConfig    `json:"config"`
}

// PrerenderFallback is the file that the build rendered and its response.
type PrerenderFallback struct {
	FilePath          string                 `json:"filePath,omitempty"`
	InitialStatus     int                    `json:"initialStatus,omitempty"`
	InitialHeaders    map[string]stringOrSet `json:"initialHeaders,omitempty"`
	InitialExpiration secondsOrNever         `json:"initialExpiration,omitzero"`
	InitialRevalidate secondsOrNever         `json:"initialRevalidate,omitzero"`
	PostponedState    string                 `json:"postponedState,omitempty"`
}

// PrerenderConfig says how a prerender may be cached.
type PrerenderConfig struct {
	AllowQuery      []string    `json:"allowQuery"`
	BypassFor       []Condition `json:"bypassFor,omitempty"`
	RenderingMode   string      `json:"renderingMode,omitempty"`
	PartialFallback bool        `json:"partialFallback,omitempty"`
	BypassToken     string      `json:"bypassToken,omitempty"`
}

// StaticOutput is a file served as it is.
type StaticOutput struct {
	ID       string `json:"id"`
	FilePath string `json:"filePath"`
	Pathname string `json:"pathname"`
	// ImmutableHash is the content hash behind an address that never changes
	// its content; empty otherwise.
	ImmutableHash string `json:"immutableHash,omitempty"`
}

// SourceFile is a file of one or more functions.
type SourceFile struct {
	// Name is the path relative to the repository root, with forward slashes.
	Name string `json:"name"`
	// Source is the absolute path of the content.
	Source string `json:"source"`
	// Hash identifies the content: equal hashes, equal bytes.
	Hash string `json:"hash,omitempty"`

	// Mode has the permission bits, and fs.ModeSymlink for a link.
	Mode fs.FileMode `json:"mode,omitempty"`
	// Size is in bytes, of a link's target text for a link.
	Size int64 `json:"size,omitempty"`
	// Link is the target of a symbolic link as it is on disk.
	Link string `json:"link,omitempty"`
	// Binary is nil unless the file is machine code.
	Binary *Binary `json:"binary,omitempty"`
}

// Binary says which machines a file of machine code runs on.
type Binary struct {
	// Format is "elf", "macho" or "pe".
	Format string `json:"format"`
	// Machine is "arm64", "x86_64", "universal" (Mach-O) or another one's name.
	Machine string `json:"machine"`
	// Musl marks an ELF file that needs the musl C library, which Lambda's
	// Amazon Linux does not have.
	Musl bool `json:"musl,omitempty"`
	// NodeModules is the version of Node.js's binary interface that an addon was
	// compiled for (process.versions.modules), 0 for what runs with any, as
	// addons for Node-API do.
	NodeModules int `json:"nodeModules,omitempty"`
}

// StaticFile is a file served as it is, or a seed of a page.
type StaticFile struct {
	Size int64 `json:"size"`
	// Digest is a SHA-256 in hexadecimal.
	Digest string `json:"digest"`
	// Modified is in milliseconds since 1970; of a seed, the time of its
	// render.
	Modified int64 `json:"modified"`
}

// PublicFile is a file of the app's public folder.
type PublicFile struct {
	// Pathname begins with a slash and is decoded; basePath is not in it.
	Pathname string `json:"pathname"`
	// Source is an absolute path.
	Source string `json:"source"`
}

// stringOrSet is a string or a list of strings in JSON.
type stringOrSet []string

// UnmarshalJSON takes a string, a list of strings, or null.
func (s *stringOrSet) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		var one string
		if err := json.Unmarshal(data, &one); err != nil {
			return err
		}
		*s = []string{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(data, &many); err != nil {
		return err
	}
	*s = many
	return nil
}

// secondsOrNever is a number of seconds, or false for never.
type secondsOrNever struct {
	Seconds int
	// Set is false for an absent value and for never.
	Set bool
	// Never is set for an explicit false.
	Never bool
}

// IsZero reports whether the value is absent, for encoding/json.
func (s secondsOrNever) IsZero() bool { return !s.Set && !s.Never }

// UnmarshalJSON takes a number, false, or null.
func (s *secondsOrNever) UnmarshalJSON(data []byte) error {
	*s = secondsOrNever{}
	switch string(data) {
	case "null":
		return nil
	case "false":
		s.Never = true
		return nil
	}
	var n float64
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	// Next writes 0xfffffffe for "as long as there is".
	s.Seconds, s.Set = int(math.Min(math.Max(math.Round(n), 0), math.MaxUint32)), true
	return nil
}

// MarshalJSON is the reverse of UnmarshalJSON.
func (s secondsOrNever) MarshalJSON() ([]byte, error) {
	if s.Never {
		return []byte("false"), nil
	}
	if !s.Set {
		return []byte("null"), nil
	}
	return json.Marshal(s.Seconds)
}

// pointer gives the seconds, or nil for never and absent.
func (s secondsOrNever) pointer() *int {
	if !s.Set {
		return nil
	}
	return &s.Seconds
}
