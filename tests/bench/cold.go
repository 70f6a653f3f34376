package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// cold times first answers of processes that did not run before: from the request,
// through the start of a process, to the first byte.
func cold(ctx context.Context, w *workshop, p plan, r *report) error {
	for _, version := range []string{nodeVersion, olderVersion} {
		if version == olderVersion && p.quick {
			continue
		}
		if err := coldOn(ctx, w, p, r, version); err != nil {
			return err
		}
	}
	return nil
}

// onNode names a case on a version of Node; the newer one goes without saying.
func onNode(name, version string) string {
	if version == nodeVersion {
		return name
	}
	major, _, _ := strings.Cut(version, ".")
	return name + ", Node " + major
}

// leastCase is what the bare functions answer.
const leastCase = "least that is possible"

func coldOn(ctx context.Context, w *workshop, p plan, r *report, version string) error {
	program, rounds := w.node, p.colds
	if version != nodeVersion {
		var err error
		if program, err = w.olderNode(); err != nil {
			return err
		}
		rounds = (rounds + 1) / 2
	}
	shop, err := w.shop()
	if err != nil {
		return err
	}
	packed, err := startPacked(ctx, shop, runtimeOptions{node: program, state: "cold-" + version})
	if err != nil {
		return err
	}
	defer closing(r, "cold", packed.close)
	compiled, err := startPacked(ctx, shop, runtimeOptions{node: program, state: "compiled-" + version, compiled: true})
	if err != nil {
		return err
	}
	defer closing(r, "cold", compiled.close)

	var trials []trial
	add := func(name, subject string, run func(context.Context) (time.Duration, error)) {
		trials = append(trials, trial{onNode(name, version), subject, func(ctx context.Context) ([]value, error) {
			taken, err := run(ctx)
			return []value{{measureFirstByte, "ms", milliseconds(taken)}}, err
		}})
	}
	var peers *functions
	if p.openNext {
		if peers, err = w.coldPeers(program); err != nil {
			r.fail("cold", "OpenNext and the bare Node function", err)
		} else {
			defer closing(r, "cold", peers.close)
		}
	}
	for _, c := range routes {
		if version == nodeVersion {
			add(c.name, subjectNext, func(context.Context) (time.Duration, error) { return coldNext(forNext(shop), c.path) })
		}
		one, cached, gateway := packed.of(c.pathname), compiled.of(c.pathname), packed.gateway()
		if c.cached {
			one, cached = gateway, compiled.gateway()
		}
		add(c.name, subjectPack, func(ctx context.Context) (time.Duration, error) { return coldFunction(ctx, c.path, one) })
		if !c.cached {
			add(c.name, subjectPackBoth, func(ctx context.Context) (time.Duration, error) { return coldFunction(ctx, c.path, gateway, one) })
			add(c.name, subjectCompiled, func(ctx context.Context) (time.Duration, error) { return coldFunction(ctx, c.path, cached) })
		}
		if peers != nil {
			add(c.name, subjectOpenNext, func(ctx context.Context) (time.Duration, error) {
				if o, err := w.openNext(); err != nil {
					return 0, err
				} else if err := o.renew(); err != nil {
					return 0, err
				}
				return coldFunction(ctx, c.path, peers.byName["opennext"])
			})
		}
	}
	if peers != nil {
		add(leastCase, subjectBareNode, func(ctx context.Context) (time.Duration, error) {
			return coldFunction(ctx, "/", peers.byName["bare-node"])
		})
	}
	if version == nodeVersion {
		bare, err := w.bareGoFunction()
		if err != nil {
			return err
		}
		f, err := startFunctions(bare)
		if err != nil {
			return err
		}
		defer closing(r, "cold", f.close)
		add(leastCase, subjectBareGo, func(ctx context.Context) (time.Duration, error) {
			return coldFunction(ctx, "/", f.byName[bare.Name])
		})
	}
	// The first round writes caches of compiled code, and has the files read once.
	r.interleave(ctx, "cold", 1, rounds, trials)
	return nil
}

// coldPeers puts the peers in JavaScript on a service.
func (w *workshop) coldPeers(program string) (*functions, error) {
	o, err := w.openNextFunction(program)
	if err != nil {
		return nil, err
	}
	bare, err := w.bareNodeFunction(program)
	if err != nil {
		return nil, err
	}
	return startFunctions(o, bare)
}

// coldFunction ends instances of functions and times the next answer of the first.
func coldFunction(ctx context.Context, path string, ended ...function) (time.Duration, error) {
	for _, f := range ended {
		if f.service == nil {
			return 0, fmt.Errorf("no function answers %s", path)
		}
		if err := f.end(); err != nil {
			return 0, err
		}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, ended[0].url+path, nil)
	if err != nil {
		return 0, err
	}
	started := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	if _, err := response.Body.Read(make([]byte, 1)); err != nil && err != io.EOF {
		return 0, err
	}
	taken := time.Since(started)
	if response.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s%s: %s", ended[0].name, path, response.Status)
	}
	_, err = io.Copy(io.Discard, response.Body)
	return taken, err
}

func coldNext(dir, path string) (time.Duration, error) {
	s, taken, err := startNext(dir, path)
	if err != nil {
		return 0, err
	}
	s.stop()
	return taken, nil
}

// closing ends what a part has started; what fails then is noted.
func closing(r *report, part string, end func() error) {
	if err := end(); err != nil {
		r.fail(part, "end what was started", err)
	}
}
