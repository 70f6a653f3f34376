package manifest

// DeploymentSchema is the version of the Deployment document that this
// package writes and the only one that it reads.
const DeploymentSchema = 1

// Deployment is a Build and its settings, planned: the only contract between
// the command line and what runs in Lambda. It names no path of the machine
// that built it, and the same input gives the same bytes.
type Deployment struct {
	// Schema is DeploymentSchema.
	Schema int `json:"schema"`
	// ID identifies the deployment: a digest over everything that it serves.
	ID string `json:"id"`
	// BuildID is Next's, the one in /_next/data/<buildId>/ addresses.
	BuildID     string `json:"buildId"`
	NextVersion string `json:"nextVersion"`
	// App holds the part of next.config that serving needs.
	App     App     `json:"app"`
	Routing Routing `json:"routing"`
	// Functions are sorted by name; Outputs, Pages and Assets by pathname.
	Functions []Function `json:"functions"`
	Outputs   []Output   `json:"outputs"`
	Pages     []Page     `json:"pages"`
	Assets    []Asset    `json:"assets"`
	// Webhooks are sorted by name.
	Webhooks []Webhook `json:"webhooks,omitempty"`
	// Jobs are the routes that take durable jobs, sorted by route; Crons are in
	// the order of the settings.
	Jobs  []JobRoute `json:"jobs,omitempty"`
	Crons []Cron     `json:"crons,omitempty"`
}

// App is the part of the resolved next.config that matters after the build.
type App struct {
	// ProjectDir is the app's folder inside every archive, relative to its
	// root with forward slashes: "." unless the app lives in a workspace.
	ProjectDir string `json:"projectDir"`
	// DistDir is relative to ProjectDir, ".next" by default.
	DistDir       string `json:"distDir"`
	BasePath      string `json:"basePath,omitempty"`
	AssetPrefix   string `json:"assetPrefix,omitempty"`
	TrailingSlash bool   `json:"trailingSlash,omitempty"`
	PoweredBy     bool   `json:"poweredByHeader"`
	GenerateETags bool   `json:"generateEtags"`
	// ExpireTime is Next's expireTime in seconds: how long a stale page may
	// still be served when the page itself does not say.
	ExpireTime int `json:"expireTime"`
	// StaleTime is Next's staleTimes.static in seconds: how long a browser may
	// keep a static page's payload without asking; 0 where it is not known.
	StaleTime                 int   `json:"staleTime,omitempty"`
	SkipProxyURLNormalize     bool  `json:"skipProxyUrlNormalize,omitempty"`
	SkipTrailingSlashRedirect bool  `json:"skipTrailingSlashRedirect,omitempty"`
	CaseSensitiveRoutes       bool  `json:"caseSensitiveRoutes,omitempty"`
	CacheComponents           bool  `json:"cacheComponents,omitempty"`
	I18n                      *I18n `json:"i18n,omitempty"`
	// DeploymentID is the one that the build wrote into its addresses
	// (?dpl=), from deploymentId in next.config or NEXT_DEPLOYMENT_ID; empty
	// when neither is set.
	DeploymentID string `json:"deploymentId,omitempty"`
	// Images is the app's `images` block; it decides what /_next/image takes.
	Images Images `json:"images"`
	// BypassToken is the secret of draft mode and on-demand refreshes
	// (prerenders[].config.bypassToken). Empty for an app without prerenders.
	BypassToken string `json:"bypassToken,omitempty"`
	// DataCache is what the data cache belongs to; empty means the deployment.
	DataCache DataCache `json:"dataCache,omitempty"`
}

// DataPrefix is below which the data cache is kept; "" means with the deployment's
// pages.
func (a *App) DataPrefix() string {
	if a.DataCache == DataOfApp {
		return "data"
	}
	return ""
}

// I18n is the Pages Router's i18n block.
type I18n struct {
	Locales         []string     `json:"locales"`
	DefaultLocale   string       `json:"defaultLocale"`
	LocaleDetection *bool        `json:"localeDetection,omitempty"`
	Domains         []I18nDomain `json:"domains,omitempty"`
}

// I18nDomain binds a host name to a default locale.
type I18nDomain struct {
	Domain        string   `json:"domain"`
	DefaultLocale string   `json:"defaultLocale"`
	Locales       []string `json:"locales,omitempty"`
	HTTP          bool     `json:"http,omitempty"`
}

// FunctionKind says what a function's program does.
type FunctionKind string

const (
	// GatewayFunction receives every request that no CDN answers: router,
	// static files, page cache and, when the app has one, proxy.ts.
	GatewayFunction FunctionKind = "gateway"
	// RouteFunction runs the outputs of one or more routes.
	RouteFunction FunctionKind = "route"
	// ImageFunction answers /_next/image.
	ImageFunction FunctionKind = "image"
	// WorkerFunction takes the messages of the queues: pages to refresh, and
	// durable jobs.
	WorkerFunction FunctionKind = "worker"
)

// Architecture is a Lambda instruction set, in AWS's spelling.
type Architecture string

const (
	ARM64 Architecture = "arm64"
	X8664 Architecture = "x86_64"
)

// Function is one Lambda function.
type Function struct {
	// Name is unique in the deployment and fits AWS's rules for names.
	Name string       `json:"name"`
	Kind FunctionKind `json:"kind"`
	// Entries are the modules that the function loads; none for a function
	// without JavaScript.
	Entries []Entry `json:"entries,omitempty"`
	// MaxDuration is the longest an invocation may take, post-response work
	// included, in seconds.
	MaxDuration int `json:"maxDuration"`
	// Memory is in MB (2^20 bytes), as Lambda counts.
	Memory       int          `json:"memory"`
	Architecture Architecture `json:"architecture"`
	// Regions are AWS region names, the first being the preferred one.
	Regions []string `json:"regions"`
	// Environment is what the settings add; secrets are never in it.
	Environment map[string]string `json:"environment,omitempty"`
	// Archive is filled in when the function has been bundled.
	Archive *Archive `json:"archive,omitempty"`
}

// Entry is one module that a function loads, and the outputs that it answers.
type Entry struct {
	// File is relative to the archive's root, with forward slashes: a Node.js
	// module or, of the edge runtime, an EdgeOutput as JSON.
	File string `json:"file"`
	// Runtime is EdgeRuntime, or empty for Node.js.
	Runtime string `json:"runtime,omitempty"`
	// Type is the adapter's output type: PAGES, PAGES_API, APP_PAGE,
	// APP_ROUTE or MIDDLEWARE.
	Type string `json:"type"`
	// Page is the output's sourcePage, with a leading slash.
	Page string `json:"page"`
	// Pathname is the route, /products/[slug]: what the entry's outputs have
	// in common.
	Pathname string `json:"pathname"`
}

// Archive describes a function's zip file.
type Archive struct {
	// Digest is a SHA-256 in hexadecimal over names, modes and contents.
	Digest string `json:"digest"`
	Files  int    `json:"files"`
	// Zipped and Unzipped are sizes in bytes.
	Zipped   int64 `json:"zipped"`
	Unzipped int64 `json:"unzipped"`
}

// Output is one address that a function answers: a pathname after routing.
type Output struct {
	// Pathname may be a template: /products/[slug].rsc.
	Pathname string `json:"pathname"`
	Type     string `json:"type"`
	// Runtime is that of the entry.
	Runtime  string `json:"runtime,omitempty"`
	Function string `json:"function"`
	// Entry is the Entry.Pathname of the module inside the function.
	Entry string `json:"entry"`
}

// Page is a prerendered or ISR page, a group of the adapter's prerenders:
// one concrete address (/products/mug) or a template (/products/[slug]) whose
// addresses are rendered on demand.
type Page struct {
	// Pathname is the group's primary pathname, decoded.
	Pathname string `json:"pathname"`
	// Route is the source route: /products/[slug].
	Route string `json:"route"`
	// Kind is Next's cache kind: APP_PAGE, PAGES or APP_ROUTE.
	Kind     string `json:"kind"`
	Function string `json:"function"`
	// Key is the entry's cache key as Next makes it, such as
	// /route-cache/APP_PAGE/<sha256 of source route>/$/products/mug; of a
	// template, the part up to and including "/$".
	Key string `json:"key"`
	// Template is set when Pathname has dynamic segments.
	Template bool `json:"template,omitempty"`
	// Parts are the pathnames of the group and what each holds of the entry.
	Parts []Part `json:"parts"`
	// Seed is nil when the build rendered nothing for this page.
	Seed *Seed `json:"seed,omitempty"`
	// NotFound: addresses of a template that the build did not render are
	// answered with 404 (dynamicParams = false, fallback: false).
	NotFound bool `json:"notFound,omitempty"`
	// AllowQuery lists the query parameters that are part of the page's
	// identity; nil means all of them.
	AllowQuery []string `json:"allowQuery"`
	// BypassFor: a request that meets any of these goes to the function.
	BypassFor []Condition `json:"bypassFor,omitempty"`
	// PartiallyStatic marks a page with a postponed part (PPR).
	PartiallyStatic bool `json:"partiallyStatic,omitempty"`
	// Completable: filling in parameters makes more of the template's shell
	// (routeType "fallback" in the adapter API).
	Completable bool `json:"completable,omitempty"`
	// PartialFallback: the template's own shell stands in for an address until
	// the address has one of its own; AllowQuery names the parameters that make
	// the difference, as nxtP<name>.
	PartialFallback bool `json:"partialFallback,omitempty"`
}

// Part is one representation of a page.
type Part struct {
	Pathname string `json:"pathname"`
	// Name is "html", "rsc", "data" (_next/data JSON), "body" (a route
	// handler's) or "segment:/_tree" and so on.
	Name string `json:"name"`
	// Headers are the response headers of this part in the seed.
	Headers map[string][]string `json:"headers,omitempty"`
	// File is the seed's file below the deployment's seeds folder; empty when
	// the build rendered nothing.
	File string `json:"file,omitempty"`
}

// Seed is what the build says of a prerendered page.
type Seed struct {
	// Status is the response status; 200 unless the build says otherwise.
	Status int `json:"status"`
	// NotFound says that the page answered notFound: there is nothing under its
	// address until it is rendered anew.
	NotFound bool `json:"notFound,omitempty"`
	// Revalidate is the age in seconds from which the page is stale; nil:
	// never.
	Revalidate *int `json:"revalidate"`
	// Expire is the age in seconds from which the page must not be served;
	// nil: never.
	Expire *int     `json:"expire"`
	Tags   []string `json:"tags,omitempty"`
	// Postponed is the state to resume from (PPR).
	Postponed string `json:"postponed,omitempty"`
	// Created is the time of the render, milliseconds since 1970.
	Created int64 `json:"created"`
}

// Asset is a file served as it is.
type Asset struct {
	// Pathname is the address, decoded, basePath included.
	Pathname string `json:"pathname"`
	// File is relative to the deployment's assets folder.
	File string `json:"file"`
	Size int64  `json:"size"`
	// Digest is a SHA-256 in hexadecimal over the content.
	Digest string `json:"digest"`
	// Source is "static" for Next's own output, "public" for the public
	// folder, "page" for an automatically static page.
	Source string `json:"source"`
	// Immutable: the address changes with the content.
	Immutable bool `json:"immutable,omitempty"`
}

// Images is the app's `images` block, with Next's names
// (docs/01-app/03-api-reference/02-components/image.md).
type Images struct {
	Path        string   `json:"path"`
	DeviceSizes []int    `json:"deviceSizes"`
	ImageSizes  []int    `json:"imageSizes"`
	Qualities   []int    `json:"qualities"`
	Formats     []string `json:"formats"`
	// LocalPatterns: nil allows every local path, an empty list none.
	LocalPatterns  []ImagePattern `json:"localPatterns"`
	RemotePatterns []ImagePattern `json:"remotePatterns,omitempty"`
	Domains        []string       `json:"domains,omitempty"`
	// MinimumCacheTTL is in seconds.
	MinimumCacheTTL  int `json:"minimumCacheTTL"`
	MaximumRedirects int `json:"maximumRedirects"`
	// MaximumResponseBody is in bytes.
	MaximumResponseBody     int64  `json:"maximumResponseBody"`
	DangerouslyAllowSVG     bool   `json:"dangerouslyAllowSVG,omitempty"`
	DangerouslyAllowLocalIP bool   `json:"dangerouslyAllowLocalIP,omitempty"`
	ContentSecurityPolicy   string `json:"contentSecurityPolicy"`
	ContentDispositionType  string `json:"contentDispositionType"`
	Unoptimized             bool   `json:"unoptimized,omitempty"`
	Loader                  string `json:"loader"`
}

// ImagePattern is one of the app's localPatterns or remotePatterns; nil
// Search means any.
type ImagePattern struct {
	Protocol string  `json:"protocol,omitempty"`
	Hostname string  `json:"hostname,omitempty"`
	Port     *string `json:"port,omitempty"`
	Pathname string  `json:"pathname,omitempty"`
	Search   *string `json:"search,omitempty"`
}
