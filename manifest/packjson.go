package manifest

import (
	_ "embed" // The schema is for editors.
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// PackSchema is the JSON Schema of pack.json (draft 2020-12), for editors.
//
//go:embed pack.schema.json
var PackSchema []byte

// PackSettings is pack.json.
type PackSettings struct {
	// Schema is for editors.
	Schema string `json:"$schema,omitempty"`
	// Regions are AWS region names or Vercel's; the first is preferred.
	Regions []string `json:"regions,omitempty"`
	// Memory is in MB, MaxDuration in seconds; 0 means not set.
	Memory       int          `json:"memory,omitempty"`
	MaxDuration  int          `json:"maxDuration,omitempty"`
	Architecture Architecture `json:"architecture,omitempty"`
	Grouping     Grouping     `json:"grouping,omitempty"`
	// Environment is added to that of every function.
	Environment map[string]string `json:"environment,omitempty"`
	// Functions maps a route (/products/[slug]) or a glob (/api/**) to what
	// differs there. Where several match a route, each setting comes from the
	// most telling key that has it: the route itself, then the longest glob.
	Functions map[string]FunctionSettings `json:"functions,omitempty"`
	Gateway   GatewaySettings             `json:"gateway,omitzero"`
	// DataCache says what the data cache belongs to; empty means the deployment.
	DataCache DataCache `json:"dataCache,omitempty"`
	// Webhooks are the endpoints below /_pack/webhooks/, by name.
	Webhooks map[string]Webhook `json:"webhooks,omitempty"`
	// Jobs maps a route (/api/export) or a glob to how its durable jobs are run.
	// Of several that match a route, the most telling key counts as a whole.
	Jobs map[string]JobSettings `json:"jobs,omitempty"`
	// Crons are requests that are made on schedules, besides vercel.json's.
	Crons []CronSettings `json:"crons,omitempty"`
	// AWS, CDN, Domains and Secrets say what a deployment on AWS is like. They
	// are no part of the Deployment document.
	AWS     AWSSettings `json:"aws,omitzero"`
	CDN     CDNSettings `json:"cdn,omitzero"`
	Domains []string    `json:"domains,omitempty"`
	// Secrets are variables whose values are resolved when a function starts.
	Secrets map[string]StoredSecret `json:"secrets,omitempty"`
}

// DataCache is what the data cache (fetch, unstable_cache, use cache) belongs to.
type DataCache string

const (
	// DataOfDeployment: a new deployment begins without any.
	DataOfDeployment DataCache = "deployment"
	// DataOfApp: what one deployment has cached, the next ones find.
	DataOfApp DataCache = "app"
)

// FunctionSettings is what pack.json says of some functions; zero values mean
// not set.
type FunctionSettings struct {
	// MaxDuration is in seconds, Memory in MB.
	MaxDuration  int               `json:"maxDuration,omitempty"`
	Memory       int               `json:"memory,omitempty"`
	Regions      []string          `json:"regions,omitempty"`
	Architecture Architecture      `json:"architecture,omitempty"`
	Environment  map[string]string `json:"environment,omitempty"`
}

// GatewaySettings is what pack.json says of the gateway.
type GatewaySettings struct {
	// Memory is in MB; 0 means not set.
	Memory int `json:"memory,omitempty"`
}

// ParsePackJSON reads pack.json; file is its name in messages. Unknown keys
// are mistakes: a misspelled setting would otherwise do nothing in silence.
// Limits and region names are checked by NewPlan, which knows the route.
func ParsePackJSON(data []byte, file string) (PackSettings, error) {
	var s PackSettings
	d := &strictJSON{file: file}
	d.object(data, "", map[string]field{
		"$schema":      d.text(&s.Schema),
		"regions":      d.texts(&s.Regions),
		"memory":       d.whole(&s.Memory),
		"maxDuration":  d.whole(&s.MaxDuration),
		"architecture": d.choice((*string)(&s.Architecture), string(ARM64), string(X8664)),
		"grouping":     d.choice((*string)(&s.Grouping), string(GroupByRoute), string(GroupAuto)),
		"environment":  d.textMap(&s.Environment),
		"dataCache":    d.choice((*string)(&s.DataCache), string(DataOfDeployment), string(DataOfApp)),
		"webhooks":     d.webhooks(&s.Webhooks),
		"gateway": func(data []byte, path string) {
			d.object(data, path, map[string]field{"memory": d.whole(&s.Gateway.Memory)})
		},
		"functions": func(data []byte, path string) {
			s.Functions = map[string]FunctionSettings{}
			for _, e := range d.entries(data, path) {
				var f FunctionSettings
				at := fmt.Sprintf("%s[%q]", path, e.key)
				if !strings.HasPrefix(e.key, "/") {
					d.fail(at, "a route begins with a slash", "write \"/"+e.key+"\"")
				}
				d.object(e.value, at, map[string]field{
					"maxDuration":  d.whole(&f.MaxDuration),
					"memory":       d.whole(&f.Memory),
					"regions":      d.texts(&f.Regions),
					"architecture": d.choice((*string)(&f.Architecture), string(ARM64), string(X8664)),
					"environment":  d.textMap(&f.Environment),
				})
				s.Functions[e.key] = f
			}
		},
		"jobs":    d.jobs(&s.Jobs),
		"crons":   d.crons(&s.Crons),
		"aws":     d.aws(&s.AWS),
		"cdn":     d.cdn(&s.CDN),
		"domains": d.domains(&s.Domains),
		"secrets": d.storedSecrets(&s.Secrets),
	})
	if d.err != nil {
		return PackSettings{}, d.err
	}
	return s, s.checkTogether(file)
}

// field reads one value at a key path.
type field func(data []byte, path string)

// strictJSON decodes with key paths in its messages; the first mistake stays.
type strictJSON struct {
	file string
	err  error
}

func (d *strictJSON) fail(path, why, hint string) {
	if d.err != nil {
		return
	}
	where := d.file
	if path != "" {
		where += ": " + path
	}
	d.err = &UserError{What: d.file + " has a mistake", Where: where, Why: why, Hint: hint}
}

// object decodes an object of the given keys.
func (d *strictJSON) object(data []byte, path string, fields map[string]field) {
	for _, e := range d.entries(data, path) {
		at := e.key
		if path != "" {
			at = path + "." + e.key
		}
		read, ok := fields[e.key]
		if !ok {
			d.fail(at, "there is no such key", "the keys here are "+strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
			return
		}
		read(e.value, at)
	}
}

// entry is one member of an object.
type entry struct {
	key   string
	value json.RawMessage
}

// entries gives an object's members in the order of the file.
func (d *strictJSON) entries(data []byte, path string) []entry {
	entries, err := objectEntries(data)
	if err != nil {
		d.fail(path, err.Error(), "")
		return nil
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.key] {
			d.fail(path, fmt.Sprintf("the key %q is there twice", e.key), "")
		}
		seen[e.key] = true
	}
	return entries
}

func (d *strictJSON) value(data []byte, path, due string, to any) {
	if string(data) == "null" || json.Unmarshal(data, to) != nil {
		d.fail(path, fmt.Sprintf("it must be %s, and is %s", due, abridged(data)), "")
	}
}

func (d *strictJSON) text(to *string) field {
	return func(data []byte, path string) { d.value(data, path, "a string", to) }
}

func (d *strictJSON) whole(to *int) field {
	return func(data []byte, path string) {
		d.value(data, path, "a whole number above 0", to)
		if d.err == nil && *to < 1 {
			d.fail(path, fmt.Sprintf("it must be a whole number above 0, and is %d", *to), "")
		}
	}
}

func (d *strictJSON) texts(to *[]string) field {
	return func(data []byte, path string) {
		d.value(data, path, "a list of strings", to)
		if d.err == nil && len(*to) == 0 {
			d.fail(path, "it must not be empty", "leave the key out")
		}
	}
}

// items gives the values of a list.
func (d *strictJSON) items(data []byte, path string) []json.RawMessage {
	var list []json.RawMessage
	d.value(data, path, "a list", &list)
	return list
}

func (d *strictJSON) textMap(to *map[string]string) field {
	return func(data []byte, path string) {
		*to = map[string]string{}
		for _, e := range d.entries(data, path) {
			var v string
			d.value(e.value, path+"."+e.key, "a string", &v)
			(*to)[e.key] = v
		}
	}
}

func (d *strictJSON) choice(to *string, of ...string) field {
	return func(data []byte, path string) {
		d.value(data, path, "a string", to)
		if d.err == nil && !slices.Contains(of, *to) {
			d.fail(path, fmt.Sprintf("it must be one of %s, and is %q", strings.Join(of, ", "), *to), "")
		}
	}
}

func abridged(data []byte) string {
	if len(data) > 40 {
		return string(data[:40]) + "…"
	}
	return string(data)
}
