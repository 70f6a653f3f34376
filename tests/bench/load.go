package main

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// get is a request as it goes over the wire.
func get(path string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path)
}

// post is one with a body.
func post(path, contentType string, body []byte) []byte {
	return append(fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", path, contentType, len(body)), body...)
}

// load is one run of requests for one address: how long each took, sorted.
type load struct {
	took    []time.Duration
	elapsed time.Duration
}

func (l load) perSecond() float64 { return float64(len(l.took)) / l.elapsed.Seconds() }

func (l load) quantile(q float64) time.Duration { return l.took[int(q*float64(len(l.took)-1))] }

// press sends a request over some keep-alive connections, each waiting for its answer,
// for a time. It writes fixed bytes and reads answers with as little work as can be: the
// machine's processors are shared with the server. An answer that is not 200 is an error.
func press(address string, request []byte, connections int, d time.Duration) (load, error) {
	var failed atomic.Int64
	latencies := make([][]time.Duration, connections)
	problems := make([]error, connections)
	stop := time.Now().Add(d)
	var wait sync.WaitGroup
	started := time.Now()
	for i := range connections {
		wait.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				problems[i] = err
				return
			}
			defer conn.Close()
			in := bufio.NewReaderSize(conn, 64<<10)
			for first := true; first || time.Now().Before(stop); first = false {
				at := time.Now()
				if _, err := conn.Write(request); err != nil {
					problems[i] = err
					return
				}
				status, err := skipAnswer(in)
				if err != nil {
					problems[i] = err
					return
				}
				if status != http.StatusOK {
					failed.Add(1)
				}
				latencies[i] = append(latencies[i], time.Since(at))
			}
		})
	}
	wait.Wait()
	l := load{took: slices.Concat(latencies...), elapsed: time.Since(started)}
	for _, err := range problems {
		if err != nil {
			return load{}, err
		}
	}
	if n := failed.Load(); n > 0 {
		return load{}, fmt.Errorf("%d of %d answers were not 200", n, len(l.took))
	}
	slices.Sort(l.took)
	return l, nil
}

// skipAnswer reads one HTTP/1.1 answer and keeps nothing of it but the status.
func skipAnswer(in *bufio.Reader) (status int, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("status line %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, err
	}
	length, chunked := 0, false
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		if len(line) <= 2 {
			break
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			chunked = true
		}
	}
	if !chunked {
		_, err = in.Discard(length)
		return status, err
	}
	for {
		if line, err = in.ReadSlice('\n'); err != nil {
			return 0, err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 64)
		if err != nil {
			return 0, err
		}
		if _, err := in.Discard(int(size) + 2); err != nil || size == 0 {
			return status, err
		}
	}
}
