package s3cache

// State is how an entry may be used.
type State int

const (
	// Missing: there is no entry.
	Missing State = iota
	// Fresh: serve it.
	Fresh
	// Stale: serve it and render anew afterwards (RFC 5861 stale-while-revalidate).
	Stale
	// Expired: render first. The entry may still be served if that fails (RFC 5861
	// stale-if-error).
	Expired
)

// String returns the state as a lower-case word.
func (s State) String() string {
	switch s {
	case Fresh:
		return "fresh"
	case Stale:
		return "stale"
	case Expired:
		return "expired"
	default:
		return "missing"
	}
}

// Freshness judges an entry at now (milliseconds since 1970) as Next.js does
// (incremental-cache/index.js: calculateRevalidate and get): it is expired when it is
// older than Expire or one of tags has expired it, else stale when it is older than
// Revalidate or one of tags has made it stale. marks is what a TagStore said of tags.
func Freshness(e *Entry, tags []string, marks map[string]Tag, now int64) State {
	if e == nil {
		return Missing
	}
	if e.Created == -1 || e.Expire != nil && e.Created+*e.Expire*1000 < now {
		return Expired
	}
	state := Fresh
	if e.Revalidate != nil && e.Created+*e.Revalidate*1000 < now {
		state = Stale
	}
	if len(marks) == 0 {
		return state
	}
	for _, tag := range tags {
		mark := marks[tag]
		if mark.expired(e.Created, now) {
			return Expired
		}
		if mark.stale(e.Created) {
			state = Stale
		}
	}
	return state
}
