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
	}
	for name, test := range map[string]struct {
		answers []answer
		want    time.Duration
	}{
		"equal":                {[]answer{{0, 10 * time.Millisecond}}, 0},
		"half a second":        {[]answer{{500 * time.Millisecond, 10 * time.Millisecond}}, 0},
		"a slow answer":        {[]answer{{0, 20 * time.Second}}, 0},
		"ahead":                {[]answer{{time.Minute, 0}}, time.Minute - 100*time.Millisecond},
		"behind":               {[]answer{{-time.Minute, 0}}, -time.Minute - 100*time.Millisecond},
		"ahead, a slow answer": {[]answer{{time.Minute, time.Second}}, time.Minute - 600*time.Millisecond},
		"still ahead":          {[]answer{{time.Minute, 0}, {time.Minute + 900*time.Millisecond, 0}}, time.Minute - 100*time.Millisecond},
		"set right":            {[]answer{{time.Minute, 0}, {0, 0}}, 0},
		"jumped":               {[]answer{{time.Minute, 0}, {-time.Hour, 0}}, -time.Hour - 100*time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			var c clock.Clock
			if _, known := c.Offset(); known {
				t.Error("known before any answer")
			}
			for _, a := range test.answers {
				c.Compare(now, now.Add(a.took), now.Add(a.ahead).Truncate(time.Second))
			}
			if got, known := c.Offset(); got != test.want || !known {
				t.Errorf("the offset is %v (%v), want %v", got, known, test.want)
			}
		})
	}
}
