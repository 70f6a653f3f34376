package main

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"pack/lambda/local"
)

// memoryRequests are sent before memory is read.
const memoryRequests = 200

// memory reads resident memory after the same requests: of `next start`, of an instance
// of the gateway that only ever answered hits, and of instances that run JavaScript,
// with all their processes. Linux only.
func memory(ctx context.Context, w *workshop, p plan, r *report) error {
	shop, err := w.shop()
	if err != nil {
		return err
	}
	packed, err := startPacked(ctx, shop, runtimeOptions{node: w.node, state: "memory"})
	if err != nil {
		return err
	}
	defer closing(r, "memory", packed.close)
	hit, page := routes[0].path, "/cart"
	ask := func(url, path string) error { return repeat(ctx, url+path, memoryRequests) }
	measured := func(name, subject string, f function, path string) {
		r.once(ctx, "memory", name, subject, func(context.Context) ([]value, error) {
			if err := ask(f.url, path); err != nil {
				return nil, err
			}
			return instanceMemory(f)
		})
	}
	measured("instance that answers hits only", subjectPack, packed.gateway(), hit)
	measured("instance of a dynamic page", subjectPack, packed.of(page), page)
	r.once(ctx, "memory", "server of all", subjectNext, func(context.Context) ([]value, error) {
		next, _, err := startNext(forNext(shop), "/")
		if err != nil {
			return nil, err
		}
		defer next.stop()
		for _, path := range []string{hit, page} {
			if err := ask("http://"+next.address, path); err != nil {
				return nil, err
			}
		}
		return []value{{"resident memory", "bytes", float64(tree(next.command.Process.Pid))}}, nil
	})
	if !p.openNext {
		return nil
	}
	for name, path := range map[string]string{"instance that answers hits only": hit, "instance of a dynamic page": page} {
		r.once(ctx, "memory", name, subjectOpenNext, func(context.Context) ([]value, error) {
			one, err := w.openNextFunction(w.node)
			if err != nil {
				return nil, err
			}
			return memoryOf(ask, one, path)
		})
	}
	return nil
}

func memoryOf(ask func(url, path string) error, one local.Function, path string) ([]value, error) {
	f, err := startFunctions(one)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.close() }()
	if err := ask(f.byName[one.Name].url, path); err != nil {
		return nil, err
	}
	return instanceMemory(f.byName[one.Name])
}

func instanceMemory(f function) ([]value, error) {
	instances := f.service.Instances(f.name)
	if len(instances) == 0 {
		return nil, fmt.Errorf("%s has no instance", f.name)
	}
	return []value{{"resident memory", "bytes", float64(tree(instances[0].PID))}}, nil
}

// repeat asks for a page some times, one after the other.
func repeat(ctx context.Context, url string, times int) error {
	for range times {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		response, err := client.Do(request)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
		if err != nil {
			return err
		}
		if response.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s", url, response.Status)
		}
	}
	return nil
}
