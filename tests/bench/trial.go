package main

import (
	"context"
	"fmt"
)

// value is one reading of a trial.
type value struct {
	measure, unit string
	amount        float64
}

// trial is one thing to measure: it is run once a round.
type trial struct {
	name, subject string
	run           func(ctx context.Context) ([]value, error)
}

// interleave runs all trials once a round, every other round in the opposite order, so
// that whatever the machine does meanwhile befalls all of them. The first warm rounds are
// not noted. A trial that fails twice in a row is noted as failed and left out from then
// on; the others go on.
func (r *report) interleave(ctx context.Context, part string, warm, rounds int, trials []trial) {
	for _, t := range trials {
		r.expect(part, t.name, t.subject)
	}
	failed := make(map[int]bool)
	for round := range warm + rounds {
		for i := range trials {
			if round%2 == 1 {
				i = len(trials) - 1 - i
			}
			if failed[i] || ctx.Err() != nil {
				continue
			}
			t := trials[i]
			values, err := t.run(ctx)
			if err != nil && ctx.Err() == nil {
				values, err = t.run(ctx)
			}
			if err != nil {
				failed[i] = true
				r.fail(part, t.name+", "+t.subject, err)
				continue
			}
			if round >= warm {
				r.note(part, t.name, t.subject, values...)
			}
		}
	}
}

// once runs a trial that has no rounds, and reports whether it went well.
func (r *report) once(ctx context.Context, part, name, subject string, run func(context.Context) ([]value, error)) bool {
	values, err := run(ctx)
	if err != nil {
		r.fail(part, fmt.Sprintf("%s, %s", name, subject), err)
		return false
	}
	r.note(part, name, subject, values...)
	return true
}
