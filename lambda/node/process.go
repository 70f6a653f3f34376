// Package node runs the JavaScript half of a function: a Node process that
// holds the entries of its routes. Requests go to it as HTTP over a socket that
// it inherits; a second one, the channel, carries what Next asks of the
// platform and what the process tells about itself.
package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// Config is what the JavaScript half is told at its start.
type Config struct {
	// ProjectDir is the app's folder below the archive's root; it becomes the
	// working directory, as under `next start`.
	ProjectDir string `json:"projectDir,omitempty"`
	// DistDir is the app's build folder, relative to ProjectDir.
	DistDir string `json:"distDir,omitempty"`
	// Entries are loaded before the process reports that it is ready.
	Entries []string `json:"entries"`
	// Compiled is Compiled.Version, set by Start: the process has a pipe with
	// compiled code.
	Compiled string `json:"compiled,omitempty"`
}

// Options say which process to start.
type Options struct {
	// Node is the program; Flags precede the script.
	Node  string
	Flags []string
	// Scripts is the folder with server.cjs.
	Scripts string
	// Root is the unpacked archive.
	Root     string
	Config   Config
	Platform Platform
	// Env are additional variables, NAME=value.
	Env []string
	// Compiled has code for the process; nil: none is taken or given.
	Compiled       *Compiled
	Stdout, Stderr io.Writer
}

// Compiled is code that earlier processes have compiled.
type Compiled struct {
	// Version names the files that the process runs, and is not empty: what was
	// found out about those of another version does not count.
	Version string
	// Fetch gives what Process.Compiled of an earlier process gave; empty is nothing.
	// It is called beside the process's start, which comes to wait for it.
	Fetch func() []byte
}

// Process is one running Node process. It serves until it dies or is killed;
// a dead one stays dead: start another.
type Process struct {
	command   *exec.Cmd
	transport *http.Transport
	channel   *channel
	platform  Platform

	ready chan struct{}
	dead  chan struct{}

	mu      sync.Mutex
	failure error
	settled map[string]chan []Failure
	// caller is that of the newest invocation.
	caller Caller
	// compiled is what the process gave.
	compiled []byte
}

// ErrDied is wrapped by every error that comes from a process that is gone.
var ErrDied = errors.New("node process died")

// Start starts a process and returns at once; Ready tells when it serves.
func Start(o Options) (*Process, error) {
	listener, dial, err := listen()
	if err != nil {
		return nil, fmt.Errorf("listen for the Node process: %w", err)
	}
	defer listener.Close()
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, fmt.Errorf("connect to the Node process: %w", err)
	}
	defer theirs.Close()
	inherited := []*os.File{listener, theirs}
	if o.Compiled != nil {
		o.Config.Compiled = o.Compiled.Version
		code, err := pipe(o.Compiled.Fetch)
		if err != nil {
			ours.Close()
			return nil, fmt.Errorf("connect to the Node process: %w", err)
		}
		defer code.Close()
		inherited = append(inherited, code)
	}
	config, err := json.Marshal(o.Config)
	if err != nil {
		return nil, err
	}
	args := append(append([]string{}, o.Flags...), filepath.Join(o.Scripts, "server.cjs"))
	command := exec.Command(o.Node, args...)
	command.Dir = o.Root
	command.Env = append(append(os.Environ(), o.Env...), "PACK_NODE="+string(config))
	command.Stdout, command.Stderr = o.Stdout, o.Stderr
	command.ExtraFiles = inherited
	command.WaitDelay = time.Second
	p := &Process{
		command: command,
		transport: &http.Transport{
			DialContext:        dial,
			DisableCompression: true,
			MaxIdleConns:       4,
		},
		channel:  newChannel(ours),
		platform: o.Platform,
		ready:    make(chan struct{}),
		dead:     make(chan struct{}),
		settled:  make(map[string]chan []Failure),
	}
	if err := startTied(command); err != nil {
		ours.Close()
		return nil, fmt.Errorf("start %s: %w", o.Node, err)
	}
	go readAhead(o.Root, beginReading)
	go p.listen()
	go p.wait()
	return p, nil
}

// pipe returns what a process reads content from, until its end.
func pipe(content func() []byte) (*os.File, error) {
	theirs, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	go func() {
		defer ours.Close()
		// A process that is gone reads nothing.
		_, _ = ours.Write(content())
	}()
	return theirs, nil
}

// listen handles what comes over the channel until the process is gone.
func (p *Process) listen() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for {
		k, err := p.channel.read()
		if err != nil {
			return
		}
		switch k.Event {
		case "ready":
			close(p.ready)
		case "failed":
			p.fail(&LoadError{Name: k.Name, Message: k.Message, Stack: k.Stack})
		case "compiled":
			p.mu.Lock()
			p.compiled = k.body
			p.mu.Unlock()
		case "settled":
			p.settle(k.Invocation, k.Failures)
		default:
			go answer(WithCaller(ctx, p.callerOf(k)), p.channel, p.platform, k)
		}
	}
}

// callerOf is whose request a call is for. What has lost its request's context is
// taken to be the newest one's.
func (p *Process) callerOf(k *call) Caller {
	if k.Caller != nil {
		return *k.Caller
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.caller
}

func (p *Process) wait() {
	err := p.command.Wait()
	if err == nil {
		p.fail(ErrDied)
	} else {
		p.fail(fmt.Errorf("%w: %w", ErrDied, err))
	}
	p.transport.CloseIdleConnections()
	p.channel.conn.Close()
	close(p.dead)
}

func (p *Process) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil {
		p.failure = err
	}
}

// Ready waits until the process serves. It returns a *LoadError when an entry
// could not be loaded, an error wrapping ErrDied when the process ended before,
// and ctx's error when that comes first.
func (p *Process) Ready(ctx context.Context) error {
	select {
	case <-p.ready:
		return nil
	default:
	}
	select {
	case <-p.ready:
		return nil
	case <-p.dead:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Dead is closed when the process has ended.
func (p *Process) Dead() <-chan struct{} { return p.dead }

// PID is the process's number.
func (p *Process) PID() int { return p.command.Process.Pid }

// Kill ends the process without asking, and waits until it is gone.
func (p *Process) Kill() {
	_ = p.command.Process.Kill()
	<-p.dead
}

// Invocation names one request to the process.
type Invocation struct {
	ID string `json:"id"`
	// Entry is the file to run, Type its output type.
	Entry string `json:"entry"`
	Type  string `json:"type"`
	// Runtime is manifest.EdgeRuntime, or empty for Node.js.
	Runtime string         `json:"runtime,omitempty"`
	InitURL string         `json:"initURL,omitempty"`
	Meta    map[string]any `json:"meta,omitempty"`
	// Caller comes back with what the process asks for this request.
	Caller Caller `json:"caller,omitzero"`
}

// Headers between the two halves; never from or to the outside.
const (
	InvocationHeader = "X-Pack-Invocation"
	// OutcomeHeader on an answer without a body: "not-found" or "error" asks
	// for the app's own 404 or 500 page.
	OutcomeHeader = "X-Pack-Outcome"
)

// RefreshMeta in an Invocation's Meta holds the key of the entry that shall be
// rendered anew: the cache handler does not find it.
const RefreshMeta = "refresh"

// Do sends r to the process. The error wraps ErrDied when the process ended
// before answering. Every call must be followed by Settled with the same id.
func (p *Process) Do(r *http.Request, invocation Invocation) (*http.Response, error) {
	header, err := invocationHeader(invocation)
	if err != nil {
		return nil, err
	}
	r.Header.Set(InvocationHeader, header)
	if _, named := r.Header["User-Agent"]; !named {
		r.Header["User-Agent"] = nil // Or Go's client would name itself to the app.
	}
	p.mu.Lock()
	p.settled[invocation.ID] = make(chan []Failure, 1)
	p.caller = invocation.Caller
	p.mu.Unlock()
	response, err := p.transport.RoundTrip(r)
	if err != nil {
		if context.Cause(r.Context()) != nil {
			return nil, context.Cause(r.Context())
		}
		return nil, fmt.Errorf("%w: %w", ErrDied, err)
	}
	return response, nil
}

func (p *Process) settle(id string, failures []Failure) {
	p.mu.Lock()
	waiting := p.settled[id]
	p.mu.Unlock()
	if waiting != nil {
		waiting <- failures
	}
}

// Settled waits until all post-response work of an invocation is over and
// returns what failed of it. It returns ctx's error when that ends first, and
// one wrapping ErrDied when the process did.
func (p *Process) Settled(ctx context.Context, id string) ([]Failure, error) {
	p.mu.Lock()
	waiting := p.settled[id]
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		delete(p.settled, id)
		p.mu.Unlock()
	}()
	select {
	case failures := <-waiting:
		return failures, nil
	default:
	}
	select {
	case failures := <-waiting:
		return failures, nil
	case <-p.dead:
		return nil, ErrDied
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Compiled returns what the process has compiled that the next one should have; nil
// when that is nothing new, and from the second call on. It is there when the
// invocation has settled that it was compiled for.
func (p *Process) Compiled() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := p.compiled
	p.compiled = nil
	return code
}

// dialer connects to the listening socket that the process inherits.
type dialer func(ctx context.Context, network, address string) (net.Conn, error)
