package router

// Pattern is a compiled pattern.
type Pattern struct{ p *pattern }

// CompilePattern compiles a pattern.
func CompilePattern(source string, fold bool) (*Pattern, error) {
	p, err := compilePattern(source, fold)
	if err != nil {
		return nil, err
	}
	return &Pattern{p}, nil
}

// Common reports whether the pattern runs on the linear engine.
func (p *Pattern) Common() bool { return p.p.common }

// Backtracking is the pattern on the other engine.
func (p *Pattern) Backtracking() *Pattern {
	other := *p.p
	other.common = false
	return &Pattern{&other}
}

// Match returns the groups of a match, nil for one that took no part.
func (p *Pattern) Match(subject string) ([]*string, error) {
	found, ok, err := p.p.match(subject)
	if err != nil || !ok {
		return nil, err
	}
	groups := make([]*string, len(p.p.groups)+1)
	for i := range groups {
		if text, took := found.group(i); took {
			groups[i] = &text
		}
	}
	return groups, nil
}

// PreferredLocale picks a locale for an Accept-Language header.
var PreferredLocale = preferredLocale
