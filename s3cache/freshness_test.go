package s3cache_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pack/s3cache"
)

// freshnessCase is one entry's history; times are milliseconds, lifetimes seconds.
type freshnessCase struct {
	Kind       string      `json:"kind"`
	Tags       []string    `json:"tags"`
	SoftTags   []string    `json:"softTags"`
	Created    int64       `json:"created"`
	Revalidate *int64      `json:"revalidate"`
	Expire     *int64      `json:"expire"`
	Operations []operation `json:"operations"`
	Now        int64       `json:"now"`
}

type operation struct {
	At     int64    `json:"at"`
	Tags   []string `json:"tags"`
	Soft   bool     `json:"soft"`
	Expire *int64   `json:"expire"`
}

// state plays the case with a real Cache, within a bubble's clock.
func (f freshnessCase) state(t *testing.T, cache *s3cache.Cache) s3cache.State {
	key := s3cache.PageKey("/case")
	if f.Kind == s3cache.KindFetch {
		key = s3cache.DataKey("case")
	}
	base := time.Now()
	until := func(at int64) { time.Sleep(time.Until(base.Add(time.Duration(at) * time.Millisecond))) }
	rendered := false
	render := func() {
		until(f.Created)
		rendered = true
		entry := &s3cache.Entry{
			Kind: f.Kind, Tags: f.Tags, Created: time.Now().UnixMilli(),
			Revalidate: f.Revalidate, Expire: f.Expire,
		}
		if stored, err := cache.Store(t.Context(), key, entry); err != nil || !stored {
			t.Fatalf("store: %v, %v", stored, err)
		}
	}
	for _, o := range f.Operations {
		if !rendered && o.At >= f.Created {
			render()
		}
		until(o.At)
		var durations *s3cache.Durations
		if o.Soft {
			durations = &s3cache.Durations{Expire: o.Expire}
		}
		if err := cache.RevalidateTags(t.Context(), o.Tags, durations); err != nil {
			t.Fatal(err)
		}
	}
	if !rendered {
		render()
	}
	until(f.Now)
	_, state, err := cache.Lookup(t.Context(), key, f.SoftTags)
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// revived reports whether Next.js brings an expired entry back to life here: a later
// revalidation with a deadline overwrites an expiry that had already come. See Tag.
func (f freshnessCase) revived() bool {
	expiries := map[string]int64{}
	for _, o := range f.Operations {
		for _, tag := range o.Tags {
			expiry, has := expiries[tag]
			relevant := slices.Contains(f.Tags, tag) || slices.Contains(f.SoftTags, tag)
			switch {
			case !o.Soft:
				expiries[tag] = o.At
			case o.Expire != nil:
				if has && relevant && expiry <= o.At && expiry > f.Created {
					return true
				}
				expiries[tag] = o.At + *o.Expire*1000
			}
		}
	}
	return false
}

func pick[T any](random *rand.Rand, values ...T) T { return values[random.IntN(len(values))] }

func randomCase(random *rand.Rand) freshnessCase {
	seconds := func() *int64 {
		return pick(random, nil, s3cache.Seconds(0), s3cache.Seconds(1), s3cache.Seconds(3), s3cache.Seconds(20))
	}
	f := freshnessCase{
		Kind: pick(random, s3cache.KindAppPage, s3cache.KindAppRoute, s3cache.KindFetch),
		Tags: pick(random, []string{}, []string{"a"}, []string{"a", "b"}), SoftTags: []string{},
		Created: random.Int64N(8) * 1000, Revalidate: seconds(),
	}
	if f.Kind == s3cache.KindFetch {
		f.SoftTags = pick(random, []string{}, []string{"soft"})
		if f.Revalidate != nil && *f.Revalidate == 0 {
			f.Revalidate = nil // Next.js never stores such a fetch
		}
	} else {
		f.Expire = seconds()
	}
	for at := range int64(8) { // one a second at most: simultaneous ones have no order
		if random.IntN(3) == 0 {
			o := operation{At: at*1000 + pick(random, int64(0), 500), Soft: random.IntN(2) == 0}
			o.Tags = pick(random, []string{"a"}, []string{"b"}, []string{"soft"}, []string{"a", "b"}, []string{"none"})
			if o.Soft {
				o.Expire = seconds()
			}
			f.Operations = append(f.Operations, o)
		}
	}
	f.Now = max(f.Created, 8000) + pick(random, int64(0), 1, 500, 1000, 1001, 3000, 3001, 20000, 20001)
	return f
}

// Freshness is what Next.js's own caches say, for thousands of histories, except where
// Next.js would revive what was expired.
func TestFreshnessLikeNext(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 8))
	var cases []freshnessCase
	for range 3000 {
		f := randomCase(random)
		if slices.ContainsFunc(f.Operations, func(o operation) bool { return o.At == f.Created }) {
			f.Created += 250
		}
		if f.Operations == nil {
			f.Operations = []operation{}
		}
		cases = append(cases, f)
	}
	shifted := slices.Clone(cases) // Next.js takes a time of 0 for none
	const epoch = 1_000_000
	for i, f := range shifted {
		f.Created, f.Now, f.Operations = f.Created+epoch, f.Now+epoch, slices.Clone(f.Operations)
		for j := range f.Operations {
			f.Operations[j].At += epoch
		}
		shifted[i] = f
	}
	var want []string
	runNext(t, "freshness.js", shifted, &want)
	seen, revived := map[string]int{}, 0
	synctest.Test(t, func(t *testing.T) {
		for i, f := range cases {
			cache := s3cache.New(s3cache.Options{Store: newMapStore(), Tags: newMapTags(), Prefix: "d"})
			got := f.state(t, cache).String()
			seen[got]++
			if f.revived() {
				revived++
				if got != "expired" {
					t.Errorf("%+v: %s, want expired", f, got)
				}
			} else if got != want[i] {
				t.Errorf("%+v: %s, Next.js says %s", f, got, want[i])
			}
		}
	})
	if seen["fresh"] < 200 || seen["stale"] < 200 || seen["expired"] < 200 || revived < 20 || revived > 1000 {
		t.Errorf("the cases are lopsided: %v, %d revived", seen, revived)
	}
}

func TestFreshnessTable(t *testing.T) {
	entry := func(created int64, revalidate, expire *int64) *s3cache.Entry {
		return &s3cache.Entry{Created: created, Revalidate: revalidate, Expire: expire}
	}
	minute := s3cache.Seconds(60)
	for name, test := range map[string]struct {
		entry *s3cache.Entry
		mark  s3cache.Tag
		now   int64
		want  s3cache.State
	}{
		"no entry":                       {nil, s3cache.Tag{}, 0, s3cache.Missing},
		"never":                          {entry(1, nil, nil), s3cache.Tag{}, 1 << 50, s3cache.Fresh},
		"as old as revalidate":           {entry(1000, minute, nil), s3cache.Tag{}, 61000, s3cache.Fresh},
		"older than revalidate":          {entry(1000, minute, nil), s3cache.Tag{}, 61001, s3cache.Stale},
		"as old as expire":               {entry(1000, nil, minute), s3cache.Tag{}, 61000, s3cache.Fresh},
		"older than expire":              {entry(1000, minute, minute), s3cache.Tag{}, 61001, s3cache.Expired},
		"expired from the beginning":     {entry(-1, nil, nil), s3cache.Tag{}, 0, s3cache.Expired},
		"tag expired before":             {entry(1000, nil, nil), s3cache.Tag{ExpiredAt: 1000}, 2000, s3cache.Fresh},
		"tag expired after":              {entry(1000, nil, nil), s3cache.Tag{ExpiredAt: 1001}, 1001, s3cache.Expired},
		"tag expires in the future":      {entry(1000, nil, nil), s3cache.Tag{ExpiredAt: 3000}, 2999, s3cache.Fresh},
		"tag stale before":               {entry(1000, nil, nil), s3cache.Tag{StaleAt: 1000}, 2000, s3cache.Fresh},
		"tag stale after":                {entry(1000, nil, nil), s3cache.Tag{StaleAt: 1001, ExpireBy: 9000}, 8999, s3cache.Stale},
		"tag's deadline come":            {entry(1000, nil, nil), s3cache.Tag{StaleAt: 1001, ExpireBy: 9000}, 9000, s3cache.Expired},
		"deadline settled by expiry":     {entry(1500, nil, nil), s3cache.Tag{StaleAt: 1001, ExpireBy: 9000, ExpiredAt: 1400}, 9000, s3cache.Fresh},
		"expiry is not undone by a soft": {entry(1000, nil, nil), s3cache.Tag{StaleAt: 3000, ExpireBy: 9000, ExpiredAt: 2000}, 4000, s3cache.Expired},
	} {
		t.Run(name, func(t *testing.T) {
			got := s3cache.Freshness(test.entry, []string{"other", "t"}, map[string]s3cache.Tag{"t": test.mark}, test.now)
			if got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

func TestMergeLaws(t *testing.T) {
	random := rand.New(rand.NewPCG(9, 10))
	tag := func() s3cache.Tag {
		return s3cache.Tag{StaleAt: random.Int64N(4), ExpiredAt: random.Int64N(4), ExpireBy: random.Int64N(4)}
	}
	for range 10000 {
		a, b, c := tag(), tag(), tag()
		if a.Merge(a) != a || a.Merge(b) != b.Merge(a) || a.Merge(b).Merge(c) != a.Merge(b.Merge(c)) {
			t.Fatalf("%+v %+v %+v", a, b, c)
		}
	}
}
