package manifest

import (
	"fmt"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// VercelSettings is the part of vercel.json that means something for planning
// (https://vercel.com/docs/project-configuration).
type VercelSettings struct {
	Regions []string `json:"regions,omitempty"`
	// Functions are in the order of the file: the first glob that matches a
	// source file counts.
	Functions []VercelFunction `json:"functions,omitempty"`
	// Crons are as in pack.json.
	Crons []CronSettings `json:"crons,omitempty"`
}

// VercelFunction is one entry of vercel.json's functions.
type VercelFunction struct {
	// Glob is over source files relative to the app: app/api/**/*.ts.
	Glob string `json:"glob"`
	// MaxDuration is in seconds, Memory in MB; 0 means not set.
	MaxDuration int `json:"maxDuration,omitempty"`
	Memory      int `json:"memory,omitempty"`
}

// ParseVercelJSON reads vercel.json as it is: keys that it does not need are
// passed over. file is its name in messages.
func ParseVercelJSON(data []byte, file string) (VercelSettings, error) {
	var s VercelSettings
	d := &strictJSON{file: file}
	for _, e := range d.entries(data, "") {
		switch e.key {
		case "regions":
			d.texts(&s.Regions)(e.value, e.key)
		case "crons":
			d.vercelCrons(&s.Crons, e.value)
		case "functions":
			for _, f := range d.entries(e.value, e.key) {
				s.Functions = append(s.Functions, d.vercelFunction(f, fmt.Sprintf("functions[%q]", f.key)))
			}
		}
	}
	if d.err != nil {
		return VercelSettings{}, d.err
	}
	return s, nil
}

func (d *strictJSON) vercelFunction(f entry, path string) VercelFunction {
	v := VercelFunction{Glob: f.key}
	if !doublestar.ValidatePattern(f.key) {
		d.fail(path, "the key is not a glob", "")
	}
	for _, e := range d.entries(f.value, path) {
		switch e.key {
		case "memory":
			d.whole(&v.Memory)(e.value, path+".memory")
		case "maxDuration":
			if string(e.value) == `"max"` {
				v.MaxDuration = maxMaxDuration
				continue
			}
			d.whole(&v.MaxDuration)(e.value, path+".maxDuration")
		}
	}
	return v
}

// matches says whether the glob names a source file. A name with brackets is
// taken as it stands first, since app/[slug]/page.tsx is also a glob.
func (v *VercelFunction) matches(source string) bool {
	if source == "" {
		return false
	}
	glob := strings.TrimPrefix(strings.TrimPrefix(v.Glob, "./"), "/")
	if glob == source {
		return true
	}
	// A dynamic segment in a glob, app/[slug]/*.ts, is a name and not a set.
	for _, g := range []string{glob, escapeBrackets(glob)} {
		if ok, err := doublestar.Match(g, source); err == nil && ok {
			return true
		}
	}
	return false
}

// escapeBrackets makes a glob take brackets literally.
func escapeBrackets(glob string) string {
	return strings.NewReplacer("[", `\[`, "]", `\]`).Replace(glob)
}
