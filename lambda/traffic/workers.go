package traffic

import (
	"context"
	"errors"
	"log/slog"

	"pack/lambda/invoke"
)

// Caller invokes a function with an event (invoke.Client.Call).
type Caller interface {
	Call(ctx context.Context, function string, event []byte) ([]byte, error)
}

// Workers are those of the releases that are kept.
type Workers struct {
	Watch *Watch
	// Worker is the function's name, Version that of this instance's.
	Worker, Version string
	Caller          Caller
}

// Hand has the worker of a deployment answer an event; kept is false when none
// of its releases is kept.
func (w *Workers) Hand(ctx context.Context, deployment string, event []byte) (answer []byte, kept bool, err error) {
	t, err := w.Watch.Now(ctx, memory)
	if err != nil {
		return nil, false, err
	}
	found := Find(t, deployment)
	if found == nil {
		if t, err = w.Watch.Now(ctx, failedTime); err != nil {
			return nil, false, err
		}
		found = Find(t, deployment)
	}
	if found == nil || found.Worker == "" || found.Worker == w.Version {
		return nil, false, nil
	}
	answer, err = w.Caller.Call(ctx, w.Worker+":"+found.Worker, event)
	var refusal *invoke.Error
	if errors.As(err, &refusal) && refusal.Absent() {
		slog.Error("worker of a release is gone", "release", found.ID, "version", found.Worker)
		return nil, false, nil
	}
	return answer, err == nil, err
}
