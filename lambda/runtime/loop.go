package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"

	"pack/lambda/event"
	"pack/lambda/logs"
)

// Handler answers one invocation. The error says that the payload made no
// sense.
type Handler func(ctx context.Context, payload []byte) (*event.Response, error)

// Serve takes invocations from the Runtime API at address, one at a time,
// until the service ends the process or cannot be reached; it always returns
// an error. The context that a handler gets ends at the invocation's deadline.
func Serve(address string, h Handler) error {
	return serve(address, func(ctx context.Context, c *client, i *invocation) error {
		response, err := h(ctx, i.payload)
		if err != nil {
			return c.fail(i, "Runtime.InvalidEvent", err)
		}
		err = c.respond(i, event.ContentType, response.Next, response.Idle)
		// Everything is with the caller: what was left for later runs now.
		if failed := response.Close(); failed != nil {
			slog.Error("close response", "error", failed)
		}
		return err
	})
}

// EventHandler answers one invocation with a JSON document. The error says that
// the invocation failed.
type EventHandler func(ctx context.Context, payload []byte) ([]byte, error)

// ServeEvents is Serve for functions that answer events and not requests: each
// answer is sent in one piece, as event sources expect it.
func ServeEvents(address string, h EventHandler) error {
	return serve(address, func(ctx context.Context, c *client, i *invocation) error {
		answer, err := h(ctx, i.payload)
		if err != nil {
			return c.fail(i, "Runtime.HandlerError", err)
		}
		return c.respondWhole(i, answer)
	})
}

func serve(address string, answer func(context.Context, *client, *invocation) error) error {
	c := &client{address: address}
	for {
		i, err := c.next()
		if err != nil {
			return err
		}
		if err := c.run(i, answer); err != nil {
			return err
		}
	}
}

func (c *client) run(i *invocation, answer func(context.Context, *client, *invocation) error) error {
	ctx := context.Background()
	if !i.deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, i.deadline)
		defer cancel()
	}
	if i.trace != "" {
		os.Setenv("_X_AMZN_TRACE_ID", i.trace)
	}
	logs.Begin(i.id)
	defer logs.Begin("")
	err := answer(ctx, c, i)
	var refused *StatusError
	if errors.As(err, &refused) && refused.Status == http.StatusInternalServerError {
		return fmt.Errorf("the Runtime API asks to end: %w", err)
	}
	if err != nil {
		slog.Error("invocation not answered", "error", err)
	}
	return nil
}
