package clock_test

import (
	"testing"
	"time"

	"pack/s3cache"
	"pack/s3cache/clock"
	"pack/s3cache/dynamotags"
	"pack/s3cache/s3store"
)

var _, _, _ s3cache.Clock = (*clock.Clock)(nil), (*s3store.Store)(nil), (*dynamotags.Store)(nil)

func TestCompare(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 600e6, time.UTC)
	type answer struct {
		ahead, took time.Duration // the service's clock; from sending to receiving
		after       time.Duration // the first one
	}
	for name, test := range map[string]struct {
		answers []answer
		want    time.Duration
	}{
		"equal":                {[]answer{{ahead: 0, took: 10 * time.Millisecond}}, 0},
		"half a second":        {[]answer{{ahead: 500 * time.Millisecond, took: 10 * time.Millisecond}}, 0},
		"a slow answer":        {[]answer{{ahead: 0, took: 20 * time.Second}}, 0},
		"ahead":                {[]answer{{ahead: time.Minute, took: 0}}, time.Minute - 100*time.Millisecond},
		"behind":               {[]answer{{ahead: -time.Minute, took: 0}}, -time.Minute - 100*time.Millisecond},
		"ahead, a slow answer": {[]answer{{ahead: time.Minute, took: time.Second}}, time.Minute - 600*time.Millisecond},
		"still ahead":          {[]answer{{ahead: time.Minute, took: 0}, {ahead: time.Minute + 900*time.Millisecond, took: 0}}, time.Minute - 100*time.Millisecond},
		"set right":            {[]answer{{ahead: time.Minute, took: 0}, {ahead: 0, took: 0}}, 0},
		"a stray answer":       {[]answer{{ahead: -4 * time.Second}, {after: time.Second}, {ahead: -4 * time.Second, after: 5 * time.Second}}, 0},
		"a little, for long":   {[]answer{{ahead: -4 * time.Second}, {ahead: -4 * time.Second, after: 2 * time.Second}, {ahead: -4 * time.Second, after: 3 * time.Second}}, -4*time.Second - 100*time.Millisecond},
		"and right again":      {[]answer{{ahead: 20 * time.Second}, {ahead: 10 * time.Second}, {ahead: 10 * time.Second, after: 4 * time.Second}}, 10*time.Second - 100*time.Millisecond},
		"jumped":               {[]answer{{ahead: time.Minute, took: 0}, {ahead: -time.Hour, took: 0}}, -time.Hour - 100*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var c clock.Clock
			if _, known := c.Offset(); known {
				t.Error("known before any answer")
			}
			for _, a := range test.answers {
				c.Compare(now.Add(a.after), now.Add(a.after+a.took), now.Add(a.after+a.ahead).Truncate(time.Second))
			}
			if got, known := c.Offset(); got != test.want || !known {
				t.Errorf("the offset is %v (%v), want %v", got, known, test.want)
			}
		})
	}
}
