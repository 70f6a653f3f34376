package manifest

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// group makes functions of the units, one each or merged.
func (p *planner) group(units []*unit) error {
	if p.settings.Pack.Grouping != GroupAuto {
		for i, name := range nameUnits(units) {
			if err := p.function(name, units[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	names := map[*unit]string{}
	for i, name := range nameUnits(units) {
		names[units[i]] = name
	}
	counts := map[string]int{}
	for _, bin := range p.bins(units) {
		name := names[bin.units[0]]
		if len(bin.units) > 1 {
			counts[bin.key]++
			name = fmt.Sprintf("routes-%x", sha256.Sum256([]byte(bin.key)))[:15]
			if counts[bin.key] > 1 {
				name = fmt.Sprintf("%s-%d", name, counts[bin.key])
			}
		}
		if err := p.function(name, bin.units); err != nil {
			return err
		}
	}
	return nil
}

// bin is a function in the making.
type bin struct {
	key   string
	units []*unit
	// hashes are the files that it has, by name.
	hashes map[string]string
	size   int64
}

// bins puts each unit into the first bin that has its settings and room for
// it. The units are sorted, so the bins are the same every time.
func (p *planner) bins(units []*unit) []*bin {
	var bins []*bin
next:
	for _, u := range units {
		key := u.settingsKey()
		for _, b := range bins {
			if b.key == key && b.take(u, p.settings.LayerSize) {
				continue next
			}
		}
		b := &bin{key: key, hashes: map[string]string{}}
		b.add(u)
		bins = append(bins, b)
	}
	return bins
}

// settingsKey is equal for units that may share a function.
func (u *unit) settingsKey() string {
	key, err := json.Marshal([]any{u.maxDuration, u.memory, u.regions, u.architecture, u.environment})
	if err != nil {
		return u.entry.Pathname // cannot be: all of it is plain values
	}
	return string(key)
}

// take adds a unit if it fits: its new files below the limit, and no file of
// another content under the same name.
func (b *bin) take(u *unit, layers int64) bool {
	size := b.size + layers
	for _, f := range u.files {
		hash, ok := b.hashes[f.Name]
		if ok && hash != f.Hash {
			return false
		}
		if !ok {
			size += f.Size
		}
	}
	if size > maxUnzipped {
		return false
	}
	b.add(u)
	return true
}

func (b *bin) add(u *unit) {
	b.units = append(b.units, u)
	for _, f := range u.files {
		if _, ok := b.hashes[f.Name]; !ok {
			b.hashes[f.Name] = f.Hash
			b.size += f.Size
		}
	}
}
