package s3cache

// The kinds of entry, named as Next.js's CachedRouteKind
// (next/dist/server/response-cache/types.d.ts).
const (
	KindAppPage  = "APP_PAGE"
	KindAppRoute = "APP_ROUTE"
	KindPages    = "PAGES"
	KindFetch    = "FETCH"
	KindRedirect = "REDIRECT"
	KindImage    = "IMAGE"
	// KindNotFound is a null value in Next.js's cache: the page answered notFound.
	KindNotFound = "NOT_FOUND"
)

// The names of parts. A segment's part is PartSegment followed by the segment's path,
// as in "segment:/_tree".
const (
	PartHTML      = "html"      // APP_PAGE, PAGES
	PartRSC       = "rsc"       // APP_PAGE: rscData
	PartData      = "data"      // PAGES: pageData as JSON
	PartBody      = "body"      // APP_ROUTE, IMAGE
	PartPostponed = "postponed" // APP_PAGE with partial prerendering
	PartValue     = "value"     // FETCH, "use cache", REDIRECT props: as the caller likes
	PartSegment   = "segment:"
)

// Entry is one cached page or data-cache item: everything of one render.
//
// Entries that a Cache returned are shared by all its callers: read only.
type Entry struct {
	// Kind is one of the Kind constants; unknown ones are kept.
	Kind string
	// Status is the HTTP status; 0 means 200.
	Status int
	// Header is as Next.js stored it, without x-next-cache-tags (that is Tags).
	Header map[string][]string
	// Tags are the entry's own tags, implicit path tags included.
	Tags []string
	// Created is the time of the render in milliseconds since 1970. Take it when the
	// render starts: a tag revalidated while it ran then counts against it. -1 means
	// expired from the beginning, as Next.js's lastModified of -1.
	Created int64
	// Revalidate is the age in seconds after which the entry is stale; nil is never.
	// Next.js takes 1 for an entry that came without a lifetime.
	Revalidate *int64
	// Expire is the age in seconds after which the entry must not be served before a
	// new render; nil is never.
	Expire *int64
	// Parts are the bodies. Names are unique.
	Parts []Part
}

// Part is one body of an entry.
type Part struct {
	Name string
	Body []byte
	// ETag is Next.js's validator of Body, see NextETag. Encode fills an empty one.
	// Next.js itself sends it with string payloads (HTML) and none with buffers (RSC,
	// segments, page data).
	ETag string
}

// Part returns the body of that name, or nil when the entry has none.
func (e *Entry) Part(name string) *Part {
	for i := range e.Parts {
		if e.Parts[i].Name == name {
			return &e.Parts[i]
		}
	}
	return nil
}

// Seconds returns a pointer to n, for Revalidate and Expire.
func Seconds(n int64) *int64 { return &n }
