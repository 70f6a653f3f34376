package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// request is something that running servers are asked again and again.
type request struct {
	name string
	wire []byte
	// connections at the same time, for the throughput.
	connections int
	// by are the subjects that are asked; nginx has the files of its own.
	by []string
	// of nginx, instead of wire.
	nginx []byte
	// address of the stream whose first event is timed; nothing else is measured then.
	stream string
}

// pressing is how many connections are at work at the same time.
const pressing = 16

func requests() []request {
	var list []request
	all := []string{subjectNext, subjectPack, subjectOpenNext}
	for _, c := range routes {
		q := request{name: c.name, wire: get(c.path), connections: pressing, by: all}
		if c.name == "ISR hit" {
			q.by, q.nginx = append(slices.Clone(all), subjectHandler, subjectRecorded, subjectNginx), get("/page.html")
		}
		list = append(list, q)
	}
	return append(list,
		request{name: "asset of 1 MiB", wire: get(largeAsset), connections: pressing, by: []string{subjectNext, subjectPack, subjectHandler, subjectNginx}, nginx: get(largeAsset)},
		request{name: "POST of 4 MB", wire: upload(4_000_000), connections: 4, by: all},
		request{name: "first event of a stream", stream: "/api/stock/stream", by: all},
	)
}

// upload is a form with one file of that many bytes.
func upload(size int) []byte {
	content := make([]byte, 0, size+sha256.Size)
	for sum := sha256.Sum256(nil); len(content) < size; sum = sha256.Sum256(sum[:]) {
		content = append(content, sum[:]...)
	}
	body := fmt.Appendf(nil, "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"kiln.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n")
	body = append(append(body, content[:size]...), "\r\n--edge--\r\n"...)
	return post("/api/upload", "multipart/form-data; boundary=edge", body)
}

// warm presses the running servers, one after the other, round by round.
func warm(ctx context.Context, w *workshop, p plan, r *report) error {
	servers, stop := w.startServers(ctx, p, r)
	defer stop()
	var trials []trial
	for _, q := range requests() {
		for _, subject := range q.by {
			s := servers[subject]
			if s == nil {
				continue
			}
			trials = append(trials, trial{q.name, subject, func(ctx context.Context) ([]value, error) {
				if subject == subjectOpenNext {
					if o, err := w.openNext(); err != nil {
						return nil, err
					} else if err := o.renew(); err != nil {
						return nil, err
					}
				}
				if q.stream != "" {
					return firstEvent(ctx, s.address, q.stream)
				}
				wire := q.wire
				if subject == subjectNginx {
					wire = q.nginx
				}
				return pressed(s.address, wire, q.connections, p)
			}})
		}
	}
	// In the first round everything warms up.
	r.interleave(ctx, "warm", 1, p.rounds, trials)
	return nil
}

// pressed is the latency of requests one by one, and the throughput of many.
func pressed(address string, wire []byte, connections int, p plan) ([]value, error) {
	alone, err := press(address, wire, 1, p.alone)
	if err != nil {
		return nil, err
	}
	many, err := press(address, wire, connections, p.press)
	if err != nil {
		return nil, err
	}
	return []value{
		{"p50", "ms", milliseconds(alone.quantile(0.5))},
		{"p99", "ms", milliseconds(alone.quantile(0.99))},
		{"throughput", "/s", many.perSecond()},
		{fmt.Sprintf("p99 of %d at a time", connections), "ms", milliseconds(many.quantile(0.99))},
	}, nil
}

func firstEvent(ctx context.Context, address, path string) ([]value, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+path, nil)
	if err != nil {
		return nil, err
	}
	started := time.Now()
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if _, err := io.ReadFull(response.Body, make([]byte, 1)); err != nil {
		return nil, err
	}
	first := time.Since(started)
	rest, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK || bytes.Count(rest, []byte("event: stock")) != 5 {
		return nil, fmt.Errorf("%s answered %s, and not the five events", path, response.Status)
	}
	return []value{{measureFirstByte, "ms", milliseconds(first)}, {"last byte", "ms", milliseconds(time.Since(started))}}, nil
}

// startServers starts all that can be pressed, each in a process of its own. One that
// does not start is noted, and the others are measured.
func (w *workshop) startServers(ctx context.Context, p plan, r *report) (map[string]*server, func()) {
	servers := make(map[string]*server)
	start := func(subject string, run func() (*server, error)) {
		s, err := run()
		if err != nil {
			r.fail("warm", subject, err)
			return
		}
		servers[subject] = s
	}
	shop, err := w.shop()
	if err != nil {
		r.fail("warm", "the shop", err)
		return nil, func() {}
	}
	start(subjectNext, func() (*server, error) {
		s, _, err := startNext(forNext(shop), "/")
		return s, err
	})
	start(subjectPack, func() (*server, error) { return startPack(w.pack, shop) })
	start(subjectHandler, func() (*server, error) { return startRole(gatewayRole, shop) })
	if s := servers[subjectHandler]; s != nil {
		start(subjectRecorded, func() (*server, error) { return startRole(recordedRole, "http://"+s.address+routes[0].path) })
		start(subjectNginx, func() (*server, error) { return w.startStatic(ctx, s) })
	}
	if p.openNext {
		start(subjectOpenNext, func() (*server, error) {
			f, err := w.openNextFunction(w.node)
			if err != nil {
				return nil, err
			}
			return w.startFunctionServer(f)
		})
	}
	return servers, func() {
		for _, s := range servers {
			s.stop()
		}
	}
}

// startStatic has nginx serve the very bytes that the gateway answers with.
func (w *workshop) startStatic(ctx context.Context, gateway *server) (*server, error) {
	files := make(map[string][]byte)
	for name, path := range map[string]string{"page.html": routes[0].path, largeAsset: largeAsset} {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+gateway.address+path, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		content, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("the gateway answers %s with %s: %v", path, response.Status, err)
		}
		files[name] = content
	}
	return w.startNginx(files)
}
