package manifest

// Routing is Next's routing table, as the adapter API delivers it
// (node_modules/next/dist/docs/01-app/03-api-reference/07-adapters/10-routing-information.md).
// The phases are tried in the order of the fields.
type Routing struct {
	BeforeMiddleware   []Route `json:"beforeMiddleware"`
	MiddlewareMatchers []Route `json:"middlewareMatchers"`
	BeforeFiles        []Route `json:"beforeFiles"`
	AfterFiles         []Route `json:"afterFiles"`
	DynamicRoutes      []Route `json:"dynamicRoutes"`
	OnMatch            []Route `json:"onMatch"`
	Fallback           []Route `json:"fallback"`

	// ShouldNormalizeNextData says whether /_next/data/<buildId>/x.json is
	// matched as /x by middleware, redirects and rewrites.
	ShouldNormalizeNextData bool `json:"shouldNormalizeNextData"`
	RSC                     RSC  `json:"rsc"`
}

// Route is one rule of a phase: a pattern, conditions, and what applies when
// both match.
type Route struct {
	// Source is the pattern as the app wrote it; empty for rules that Next
	// generated.
	Source string `json:"source,omitempty"`
	// SourceRegex is a JavaScript regular expression over the pathname.
	SourceRegex string `json:"sourceRegex"`
	// Destination is a path, a path template with $1 or $name references, or
	// an absolute URL.
	Destination string `json:"destination,omitempty"`
	// Spelled are the keys of the Destination's query that the app wrote; Next
	// adds others where the Destination's path uses no parameter of the Source.
	Spelled []string `json:"spelled,omitempty"`
	// Headers are set on the response; a Location makes the rule a redirect.
	Headers map[string]string `json:"headers,omitempty"`
	Has     []Condition       `json:"has,omitempty"`
	Missing []Condition       `json:"missing,omitempty"`
	// Status is the response status of a redirect, or 0.
	Status int `json:"status,omitempty"`
	// Priority marks rules that Next itself needs before all others.
	Priority bool `json:"priority,omitempty"`
}

// Condition is one has or missing rule (RouteHas in Next's adapter API).
type Condition struct {
	// Type is "header", "cookie", "query" or "host".
	Type string `json:"type"`
	// Key names the header, cookie or query parameter; empty for "host".
	Key string `json:"key,omitempty"`
	// Value is a JavaScript regular expression over the whole value, or empty
	// when presence is enough.
	Value string `json:"value,omitempty"`
}

// RSC names the headers and suffixes of React Server Components requests.
type RSC struct {
	Header                   string `json:"header"`
	VaryHeader               string `json:"varyHeader"`
	PrefetchHeader           string `json:"prefetchHeader"`
	DidPostponeHeader        string `json:"didPostponeHeader"`
	ContentTypeHeader        string `json:"contentTypeHeader"`
	Suffix                   string `json:"suffix"`
	PrefetchSegmentHeader    string `json:"prefetchSegmentHeader"`
	PrefetchSegmentSuffix    string `json:"prefetchSegmentSuffix"`
	PrefetchSegmentDirSuffix string `json:"prefetchSegmentDirSuffix"`
	ClientParamParsing       bool   `json:"clientParamParsing"`
	DynamicRSCPrerender      bool   `json:"dynamicRSCPrerender"`
}
