package function

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"pack/lambda/event"
	"pack/lambda/logs"
	"pack/lambda/node"
	"pack/manifest"
)

// Proxy runs proxy.ts in a Node process of the gateway's.
type Proxy struct {
	f     *Function
	entry *manifest.Entry
}

// NewProxy prepares proxy.ts, the one entry of o's document. Its process starts
// with the first request that it matches: an instance that only answers others
// never has one.
func NewProxy(o Options) *Proxy {
	f := build(o)
	return &Proxy{f: f, entry: &o.Document.Function.Entries[0]}
}

// Run has proxy.ts answer r; the caller closes the body. Work that it leaves
// behind goes on after the gateway's response.
func (p *Proxy) Run(r *http.Request, initURL string) (*http.Response, error) {
	logs.On(&p.entry.Pathname)
	started := time.Now()
	ctx, cancel := context.WithDeadlineCause(context.WithoutCancel(r.Context()), p.f.deadline(r.Context(), started), errTimedOut)
	process, response, id, err := p.f.send(ctx, r, p.entry, &event.Call{InitURL: initURL})
	if err != nil {
		cancel()
		if errors.Is(err, errTimedOut) || errors.Is(err, node.ErrDied) {
			p.f.child.replace(process)
		}
		return nil, fmt.Errorf("%s: %w", p.entry.Page, err)
	}
	event.AfterResponse(r.Context(), func() {
		defer cancel()
		// The process counts the response as open until its body is read.
		_, _ = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		p.f.settle(ctx, process, id, p.entry, started)
		p.f.child.keepCompiled(ctx, process)
	})
	if outcome := response.Header.Get(node.OutcomeHeader); outcome == "error" {
		return nil, fmt.Errorf("%s threw", p.entry.Page)
	}
	return response, nil
}
