package router

import (
	"regexp"
	"strings"

	"pack/manifest"
)

// Param is one parameter of a dynamic route.
type Param struct {
	// Name is the name between the brackets.
	Name string
	// Raw is the text as it stands in the path, percent-encoded.
	Raw string
	// Values is Raw decoded: one value, or one for each segment of a catch-all.
	// An encoded slash stays inside its value.
	Values []string
	// CatchAll is set for [...name] and [[...name]].
	CatchAll bool
}

// dynamic is the phase of dynamic routes, with what makes parameters of their
// groups.
type dynamic struct {
	phase  *phase
	params [][]dynamicParam
}

type dynamicParam struct {
	name     string
	group    int
	catchAll bool
}

// compileDynamic compiles the dynamic routes. They are case-sensitive, as the
// file names that they come from.
func compileDynamic(routes []manifest.Route) (*dynamic, error) {
	p, err := compilePhase("dynamicRoutes", routes, false)
	if err != nil {
		return nil, err
	}
	d := &dynamic{phase: p, params: make([][]dynamicParam, len(routes))}
	for i := range p.rules {
		to := p.rules[i].destination
		if to == nil {
			continue
		}
		for _, q := range to.query {
			name, found := strings.CutPrefix(q.key, "nxtP")
			if !found {
				name, found = strings.CutPrefix(q.key, "nxtI")
			}
			if !found || len(q.value) != 1 || q.value[0].group == 0 {
				continue
			}
			d.params[i] = append(d.params[i], dynamicParam{
				name:     name,
				group:    q.value[0].group,
				catchAll: strings.Contains(routes[i].Destination, "[..."+name+"]"),
			})
		}
	}
	return d, nil
}

// dynamicMatch is an address that a dynamic route leads to.
type dynamicMatch struct {
	target *address
	params []Param
}

// match finds the first dynamic route that matches path and leads to an
// address that exists. want limits the search to routes that lead there.
func (s *resolution) matchDynamic(path string, want *address) (*dynamicMatch, error) {
	d := s.router.dynamic
	var buffer [32]int32
	for _, i := range d.phase.index.candidates(buffer[:0], path, -1) {
		r := &d.phase.rules[i]
		found, ok, err := r.pattern.match(path)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		target, err := s.dynamicTarget(r, path, found)
		if err != nil {
			return nil, err
		}
		if target == nil || want != nil && target != want {
			continue
		}
		params := make([]Param, 0, len(d.params[i]))
		for _, p := range d.params[i] {
			raw, took := found.group(p.group)
			if !took {
				continue
			}
			param, ok := decodeParam(p, raw)
			if !ok {
				return nil, errMalformed
			}
			params = append(params, param)
		}
		return &dynamicMatch{target, params}, nil
	}
	return nil, nil
}

// dynamicTarget is where a matching route leads, or nil. A route that renders
// nothing on demand (fallback: false) carries a condition that only draft mode
// meets; the addresses that the build prerendered for it exist all the same.
func (s *resolution) dynamicTarget(r *rule, path string, found captures) (*address, error) {
	var captured []Pair
	prerendered := false
	if len(r.has) > 0 || len(r.missing) > 0 {
		pairs, ok, err := meets(s, r.has, r.missing)
		if err != nil {
			return nil, err
		}
		if !ok {
			if prerendered = s.isConcrete(path); !prerendered {
				return nil, nil
			}
		}
		captured = pairs
	}
	pathname := path
	if r.destination != nil {
		pathname = r.destination.path.expand(found, captured)
	}
	target := s.router.addresses.known[pathname]
	if target == nil {
		if rest, ok := s.withoutLocale(pathname); ok {
			target = s.router.addresses.known[rest]
		}
	}
	if target == nil && (prerendered || s.isConcrete(path)) {
		target = s.segmentTarget(pathname)
	}
	if target == nil {
		target = s.router.addresses.known[placeholders.ReplaceAllString(pathname, "/-")]
	}
	if target != nil && target.app && s.localeInPath {
		return nil, nil
	}
	return target, nil
}

// placeholders are the parameters of a template. Of a metadata file below one,
// app/blog/[slug]/icon.png, the build makes one file for all addresses, with a
// hyphen for each parameter (getStaticMetadataRoute in
// next/dist/lib/metadata/get-metadata-route.js).
var placeholders = regexp.MustCompile(`/\[[^/]*\]`)

// isConcrete reports whether a path is a prerendered address of a template.
func (s *resolution) isConcrete(path string) bool {
	if partOf(s.router.addresses.concrete, path) != "" {
		return true
	}
	rest, ok := s.withoutLocale(path)
	return ok && partOf(s.router.addresses.concrete, rest) != ""
}

// segmentTarget is the output that answers for a prerendered segment of a
// template when the segments of the template have no output of their own.
func (s *resolution) segmentTarget(pathname string) *address {
	base, _, found := strings.Cut(pathname, ".segments/")
	if !found {
		return nil
	}
	return s.router.addresses.known[base+".rsc"]
}

func decodeParam(p dynamicParam, raw string) (Param, bool) {
	param := Param{Name: p.name, Raw: raw, CatchAll: p.catchAll}
	if !p.catchAll {
		value, ok := decodeComponent(raw)
		param.Values = []string{value}
		return param, ok
	}
	for segment := range strings.SplitSeq(raw, "/") {
		value, ok := decodeComponent(segment)
		if !ok {
			return Param{}, false
		}
		param.Values = append(param.Values, value)
	}
	return param, true
}
