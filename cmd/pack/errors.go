package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"pack/manifest"
)

// Exit statuses.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 128 + int(syscall.SIGINT)
	exitTerminated  = 128 + int(syscall.SIGTERM)
)

// usageError is a mistake on the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// errTerminated makes the exit status that of a terminated program.
var errTerminated = errors.New("terminated")

// report prints an error as its reader needs it and gives the exit status.
func report(s streams, err error) int {
	var user *manifest.UserError
	var usage usageError
	style := styleOf(s.err)
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(s.err, "pack: interrupted")
		return exitInterrupted
	case errors.Is(err, errTerminated):
		fmt.Fprintln(s.err, "pack: terminated")
		return exitTerminated
	case errors.As(err, &usage):
		fmt.Fprintf(s.err, "%s %v\nRun `pack --help`, or `pack COMMAND --help`.\n", style.bad("pack:"), usage.error)
		return exitUsage
	case errors.As(err, &user):
		// The packages' own words before it add nothing for the app's owner.
		what, rest, _ := strings.Cut(user.Error(), "\n")
		fmt.Fprintf(s.err, "%s %s\n", style.bad("pack:"), style.strong(what))
		if rest != "" {
			fmt.Fprintln(s.err, rest)
		}
	default:
		fmt.Fprintf(s.err, "%s %v\n", style.bad("pack:"), err)
	}
	return exitFailed
}

// interruptible runs f with a context that SIGINT and SIGTERM cancel; the error
// is then errInterrupted or errTerminated, whatever f made of it. A second
// signal ends the process at once.
func interruptible(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			if s == os.Interrupt {
				cancel(errInterrupted)
			} else {
				cancel(errTerminated)
			}
		case <-ctx.Done():
		}
	}()
	err := f(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		return cause
	}
	return err
}
