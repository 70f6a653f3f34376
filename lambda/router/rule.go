package router

import (
	"errors"
	"sort"
	"strings"

	"pack/manifest"
)

// rule is one compiled rule of a phase.
type rule struct {
	pattern     *pattern
	has         []condition
	missing     []condition
	destination *destination
	// redirect is set for a rule that answers with status and destination.
	redirect bool
	status   int
	headers  []headerTemplate
	// internal marks the rules that Next made itself: they see paths without
	// the default locale and apply below /_next, too.
	internal bool
	// generated marks a rule without a source.
	generated bool
}

// headerTemplate is one header that a rule sets.
type headerTemplate struct {
	key, value template
}

// phase is a list of rules that are tried in order.
type phase struct {
	name  string
	rules []rule
	index *index
}

// compilePhase compiles a phase; fold when its patterns ignore case. The error
// is a *PatternError.
func compilePhase(name string, routes []manifest.Route, fold bool) (*phase, error) {
	p := &phase{name: name, rules: make([]rule, len(routes))}
	prefixes := make([]prefix, len(routes))
	for i, route := range routes {
		r, err := compileRule(route, fold)
		if err != nil {
			var mistake *PatternError
			if errors.As(err, &mistake) {
				mistake.Phase, mistake.Index = name, i
			}
			return nil, err
		}
		p.rules[i] = r
		// Internal rules see the path without its default locale.
		if !r.internal {
			prefixes[i] = r.pattern.literal
		}
	}
	p.index = newIndex(prefixes, fold)
	return p, nil
}

func compileRule(route manifest.Route, fold bool) (rule, error) {
	r := rule{status: route.Status, internal: route.Priority, generated: route.Source == ""}
	var err error
	if r.pattern, err = compilePattern(route.SourceRegex, fold); err != nil {
		return rule{}, err
	}
	if r.has, err = compileConditions(route.Has); err != nil {
		return rule{}, err
	}
	if r.missing, err = compileConditions(route.Missing); err != nil {
		return rule{}, err
	}
	in := scope{groups: r.pattern.groups, names: conditionNames(route.Has, r.has)}
	var keys []string
	for _, c := range route.Has {
		if c.Value == "" && c.Key != "" {
			keys = append(keys, c.Key)
		}
	}
	parameters := parseSource(route.Source)
	if route.Destination != "" {
		r.destination = compileDestination(route.Destination, in, parameters, keys, route.Spelled)
	}
	names := make([]string, 0, len(route.Headers))
	for name := range route.Headers {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		value := route.Headers[name]
		if isRedirect(route.Status) && strings.EqualFold(name, "location") {
			r.redirect = true
			if r.destination == nil {
				r.destination = compileDestination(value, in, nil, nil, nil)
			}
			continue
		}
		r.headers = append(r.headers, headerTemplate{parseTemplate(name, in), parseTemplate(value, in)})
	}
	return r, nil
}

func isRedirect(status int) bool { return status >= 300 && status < 400 }
