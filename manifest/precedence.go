package manifest

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// settle resolves a unit's settings; Settings has the order.
func (p *planner) settle(u *unit) error {
	pack, vercel, own := p.packFor(u.entry.Pathname), p.vercelFor(u.source), u.outputs[0].Config
	var route int
	if own.MaxDuration != nil {
		route = int(math.Ceil(math.Min(*own.MaxDuration, math.MaxInt32)))
	}
	where := u.where()
	if own.MaxDuration != nil && pack.MaxDuration == 0 {
		if err := checkMaxDuration(route, where); err != nil {
			return err
		}
	}
	u.maxDuration = cmp.Or(pack.MaxDuration, route, vercel.MaxDuration, p.settings.Pack.MaxDuration, DefaultMaxDuration)
	u.memory = cmp.Or(pack.Memory, vercel.Memory, p.settings.Pack.Memory, DefaultMemory)
	if err := checkMaxDuration(u.maxDuration, where); err != nil {
		return err
	}
	if err := checkMemory(u.memory, where); err != nil {
		return err
	}
	u.regions = p.regions
	for _, names := range [][]string{pack.Regions, own.PreferredRegion} {
		if len(names) == 0 {
			continue
		}
		var err error
		if u.regions, err = resolveRegions(names, p.regions, where); err != nil {
			return err
		}
		break
	}
	u.environment = maps.Clone(p.settings.Pack.Environment)
	if len(pack.Environment) > 0 {
		if u.environment == nil {
			u.environment = map[string]string{}
		}
		maps.Copy(u.environment, pack.Environment)
	}
	if err := checkEnvironment(u.environment, where); err != nil {
		return err
	}
	want := cmp.Or(pack.Architecture, p.settings.Pack.Architecture)
	architecture, pkg, err := chooseArchitecture(u.files, want, where)
	if err != nil {
		return err
	}
	u.architecture = architecture
	if pkg != "" {
		p.warn("%s runs on x86_64: %s has no binary for Linux on arm64", where, pkg)
	}
	return nil
}

// packFor merges what pack.json says of a route: longer globs over shorter
// ones, the route's own key over all.
func (p *planner) packFor(route string) FunctionSettings {
	var keys []string
	for key := range p.settings.Pack.Functions {
		if ok, err := doublestar.Match(escapeBrackets(key), route); key == route || err == nil && ok {
			keys = append(keys, key)
			p.matched[key] = true
		}
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(compareBool(a == route, b == route), cmp.Compare(len(a), len(b)), strings.Compare(a, b))
	})
	var s FunctionSettings
	for _, key := range keys {
		f := p.settings.Pack.Functions[key]
		s.MaxDuration, s.Memory = cmp.Or(f.MaxDuration, s.MaxDuration), cmp.Or(f.Memory, s.Memory)
		s.Architecture = cmp.Or(f.Architecture, s.Architecture)
		if len(f.Regions) > 0 {
			s.Regions = f.Regions
		}
		if len(f.Environment) > 0 {
			if s.Environment == nil {
				s.Environment = map[string]string{}
			}
			maps.Copy(s.Environment, f.Environment)
		}
	}
	return s
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (p *planner) vercelFor(source string) VercelFunction {
	for i := range p.settings.Vercel.Functions {
		if f := &p.settings.Vercel.Functions[i]; f.matches(source) {
			p.matched["vercel "+f.Glob] = true
			return *f
		}
	}
	return VercelFunction{}
}
