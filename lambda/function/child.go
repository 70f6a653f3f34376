package function

import (
	"context"
	"crypto/rand"
	"log/slog"
	"slices"
	"sync"

	"pack/lambda/compiled"
	"pack/lambda/node"
)

// child keeps one Node process running.
type child struct {
	options node.Options
	// environ gives variables that are not known before a process is to start;
	// nil for none.
	environ func(ctx context.Context) ([]string, error)
	// compiled is Options.Compiled.
	compiled *compiled.Cache

	mu      sync.Mutex
	current *node.Process
}

func newChild(o node.Options, environ func(ctx context.Context) ([]string, error), compiled *compiled.Cache) *child {
	return &child{options: o, environ: environ, compiled: compiled}
}

// start starts a process.
func (c *child) start() (*node.Process, error) {
	o := c.options
	if c.compiled != nil {
		o.Compiled = &node.Compiled{Version: c.compiled.Key, Fetch: c.fetchCompiled}
	}
	if c.environ != nil {
		more, err := c.environ(context.Background())
		if err != nil {
			return nil, err
		}
		o.Env = append(slices.Clip(o.Env), more...)
	}
	return node.Start(o)
}

// process returns the running process, starting one where there is none.
func (c *child) process() (*node.Process, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		select {
		case <-c.current.Dead():
		default:
			return c.current, nil
		}
	}
	p, err := c.start()
	if err != nil {
		return nil, err
	}
	c.current = p
	return p, nil
}

// replace kills p and starts its successor at once, so that the next request
// finds it loaded or loading.
func (c *child) replace(p *node.Process) {
	if p == nil {
		return
	}
	p.Kill()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != p {
		return
	}
	c.current = nil
	next, err := c.start()
	if err != nil {
		// The next request tries again, and reports it.
		slog.Error("node process could not be replaced", "error", err)
		return
	}
	c.current = next
}

// fetchCompiled is what earlier instances have compiled.
func (c *child) fetchCompiled() []byte {
	code, err := c.compiled.Fetch(context.Background())
	if err != nil {
		slog.Warn("function starts without compiled code", "error", err)
	}
	return code
}

// keepCompiled keeps what a process has compiled for the invocation that has
// settled, if that is worth it.
func (c *child) keepCompiled(ctx context.Context, p *node.Process) {
	code := p.Compiled()
	if c.compiled == nil || code == nil {
		return
	}
	if err := c.compiled.Keep(ctx, code); err != nil {
		slog.Warn("compiled code not kept for the next instances", "error", err)
	}
}

func (c *child) close() {
	c.mu.Lock()
	p := c.current
	c.current = nil
	c.mu.Unlock()
	if p != nil {
		p.Kill()
	}
}

func newID() string { return rand.Text() }
