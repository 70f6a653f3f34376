package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"pack/manifest"
)

// graceful is how long a cancelled build has to end by itself.
const graceful = 5 * time.Second

// command is a program that capturing runs.
type command struct {
	args []string
	dir  string
	// env is added to the environment of this process and of the options.
	env []string
	// what is said when it fails.
	what string
}

// run runs the command in a process group of its own, with its output passed
// on; a failure is a *manifest.UserError that holds the last lines of the output.
func (o *Options) run(ctx context.Context, c command) error {
	tail := &lastLines{limit: 30}
	cmd := exec.CommandContext(ctx, c.args[0], c.args[1:]...)
	cmd.Dir = c.dir
	cmd.Env = append(append(os.Environ(), o.Env...), c.env...)
	cmd.Stdout, cmd.Stderr = tail.beside(o.Stdout), tail.beside(o.Stderr)
	cmd.WaitDelay = graceful
	inGroup(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		endGroup(cmd)
		return ctx.Err()
	}
	var exit *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound):
		return &manifest.UserError{What: c.args[0] + " is not installed", Hint: "install it, or put it on PATH"}
	case !errors.As(err, &exit):
		return fmt.Errorf("run %s: %w", c.args[0], err)
	}
	return &manifest.UserError{
		What: fmt.Sprintf("%s with %s", c.what, exit.ProcessState), Where: c.dir,
		Why: "its last lines were:\n" + tail.String(),
	}
}

// shell gives the arguments that run a command line.
func shell(line string) []string {
	if runtime.GOOS == "windows" {
		return []string{"cmd", "/d", "/s", "/c", line}
	}
	return []string{"sh", "-c", line}
}

// binPath is PATH with the node_modules/.bin folders of dir and all above it
// in front, as in npm's scripts.
func binPath(dir string) string {
	var paths []string
	for at := dir; ; at = filepath.Dir(at) {
		paths = append(paths, filepath.Join(at, "node_modules", ".bin"))
		if filepath.Dir(at) == at {
			break
		}
	}
	return strings.Join(append(paths, os.Getenv("PATH")), string(os.PathListSeparator))
}

// lastLines keeps the end of what a command prints.
type lastLines struct {
	limit int

	mu    sync.Mutex
	lines [][]byte
	open  []byte
}

// beside gives a writer that passes on to w, if there is one, and keeps the
// last lines. One command's two writers never write at the same time, so they
// may share w.
func (l *lastLines) beside(w io.Writer) io.Writer { return &besideWriter{lines: l, w: w} }

type besideWriter struct {
	lines *lastLines
	w     io.Writer
}

func (b *besideWriter) Write(p []byte) (int, error) {
	b.lines.mu.Lock()
	defer b.lines.mu.Unlock()
	b.lines.add(p)
	if b.w == nil {
		return len(p), nil
	}
	return b.w.Write(p)
}

// add is called with mu held.
func (l *lastLines) add(p []byte) {
	l.open = append(l.open, p...)
	for {
		line, rest, found := bytes.Cut(l.open, []byte("\n"))
		if !found {
			return
		}
		l.lines = append(l.lines, bytes.Clone(line))
		if len(l.lines) > l.limit {
			l.lines = l.lines[1:]
		}
		l.open = bytes.Clone(rest)
	}
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := append(bytes.Join(l.lines, []byte("\n")), '\n')
	return string(bytes.TrimSpace(append(text, l.open...)))
}
