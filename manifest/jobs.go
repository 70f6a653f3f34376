package manifest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// What holds for jobs that say nothing else. Crons are not retried, as on the
// platform whose vercel.json is read.
const (
	DefaultJobRetries = 3
	// DefaultJobMaxAge and DefaultJobBackoff are in seconds.
	DefaultJobMaxAge  = 24 * 60 * 60
	DefaultJobBackoff = 10
)

// The most that settings may ask for.
const (
	maxJobRetries = 100
	maxJobMaxAge  = 14 * 24 * 60 * 60
	maxJobBackoff = 60 * 60
)

// JobSettings is what pack.json says of a route's durable jobs; nil means not
// set.
type JobSettings struct {
	Retries *int `json:"retries,omitempty"`
	// MaxAge and Backoff are in seconds.
	MaxAge  *int `json:"maxAge,omitempty"`
	Backoff *int `json:"backoff,omitempty"`
}

// JobPolicy is how jobs are run.
type JobPolicy struct {
	// Retries is how often a failed attempt is followed by another.
	Retries int `json:"retries"`
	// MaxAge is after how many seconds a job is given up, from when it was
	// first due.
	MaxAge int `json:"maxAge"`
	// Backoff is the wait after the first failure in seconds, doubled with each
	// further one up to an hour.
	Backoff int `json:"backoff"`
}

func (s JobSettings) policy(retries int) JobPolicy {
	p := JobPolicy{Retries: retries, MaxAge: DefaultJobMaxAge, Backoff: DefaultJobBackoff}
	for _, f := range []struct {
		from *int
		to   *int
	}{{s.Retries, &p.Retries}, {s.MaxAge, &p.MaxAge}, {s.Backoff, &p.Backoff}} {
		if f.from != nil {
			*f.to = *f.from
		}
	}
	return p
}

// JobRoute is a route that takes durable jobs.
type JobRoute struct {
	// Route is the Entry.Pathname.
	Route string `json:"route"`
	JobPolicy
}

// jobFields are the keys of JobSettings.
func (d *strictJSON) jobFields(s *JobSettings) map[string]field {
	return map[string]field{
		"retries": d.bounded(&s.Retries, 0, maxJobRetries),
		"maxAge":  d.bounded(&s.MaxAge, 1, maxJobMaxAge),
		"backoff": d.bounded(&s.Backoff, 1, maxJobBackoff),
	}
}

func (d *strictJSON) jobs(to *map[string]JobSettings) field {
	return func(data []byte, path string) {
		*to = map[string]JobSettings{}
		for _, e := range d.entries(data, path) {
			at := fmt.Sprintf("%s[%q]", path, e.key)
			if !strings.HasPrefix(e.key, "/") {
				d.fail(at, "a route begins with a slash", "write \"/"+e.key+"\"")
			}
			var s JobSettings
			d.object(e.value, at, d.jobFields(&s))
			(*to)[e.key] = s
		}
	}
}

// bounded reads a whole number within bounds.
func (d *strictJSON) bounded(to **int, least, most int) field {
	return func(data []byte, path string) {
		var n int
		due := fmt.Sprintf("a whole number, %d to %d", least, most)
		d.value(data, path, due, &n)
		if d.err == nil && (n < least || n > most) {
			d.fail(path, fmt.Sprintf("it must be %s, and is %d", due, n), "")
		}
		*to = &n
	}
}

// addJobs finds the routes that take jobs.
func (p *planner) addJobs() error {
	keys := slices.SortedFunc(maps.Keys(p.settings.Pack.Jobs), func(a, b string) int {
		return cmp.Or(cmp.Compare(len(b), len(a)), strings.Compare(a, b))
	})
	var routes []string
	for _, f := range p.deployment.Functions {
		for _, e := range f.Entries {
			if f.Kind == RouteFunction {
				routes = append(routes, e.Pathname)
			}
		}
	}
	slices.Sort(routes)
	for _, route := range slices.Compact(routes) {
		best := ""
		for _, key := range keys {
			ok, err := doublestar.Match(escapeBrackets(key), route)
			if key != route && (err != nil || !ok) {
				continue
			}
			p.matched["job "+key] = true
			if best == "" || key == route {
				best = key
			}
		}
		if best != "" {
			policy := p.settings.Pack.Jobs[best].policy(DefaultJobRetries)
			p.deployment.Jobs = append(p.deployment.Jobs, JobRoute{Route: route, JobPolicy: policy})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(p.settings.Pack.Jobs)) {
		if !p.matched["job "+key] {
			return &UserError{
				What: fmt.Sprintf("jobs[%q] matches no route", key), Where: "pack.json: jobs",
				Why: "a request that asks for a job there would be answered as any other", Hint: "the routes are " + abridgedList(routes),
			}
		}
	}
	return nil
}

func abridgedList(all []string) string {
	if len(all) > 12 {
		return strings.Join(all[:12], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// DefaultWorkerMemory is in MB: the worker waits for others most of the time.
const DefaultWorkerMemory = 256

// addWorker makes the function behind the queues. It waits for the routes that
// it calls, so it may take as long as the slowest of them.
func (p *planner) addWorker(units []*unit) {
	if len(units) == 0 {
		return
	}
	f := Function{
		Name: "worker", Kind: WorkerFunction, MaxDuration: 30, Memory: DefaultWorkerMemory,
		Architecture: cmp.Or(p.settings.Pack.Architecture, ARM64), Regions: p.regions,
	}
	for _, u := range units {
		f.MaxDuration = max(f.MaxDuration, u.maxDuration)
	}
	p.deployment.Functions = append(p.deployment.Functions, f)
	p.files[f.Name] = []File{}
}
