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

// load is one run of requests for one address.
type load struct {
	Requests int           `json:"requests"`
	Seconds  float64       `json:"seconds"`
	PerSec   float64       `json:"requestsPerSecond"`
	P50      time.Duration `json:"p50Nanoseconds"`
	P99      time.Duration `json:"p99Nanoseconds"`
	Errors   int           `json:"errors"`
}

// press sends requests for path over some keep-alive connections, each waiting
// for its answer, for a time. It writes fixed bytes and reads answers with as
// little work as can be: the machine's cores are shared with the server.
func press(address, path string, connections int, d time.Duration) (load, error) {
	request := fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", path, address)
	var failed atomic.Int64
	latencies := make([][]time.Duration, connections)
	stop := time.Now().Add(d)
	var wait sync.WaitGroup
	var first error
	var once sync.Once
	started := time.Now()
	for i := range connections {
		wait.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				once.Do(func() { first = err })
				return
			}
			defer conn.Close()
			in := bufio.NewReaderSize(conn, 64<<10)
			for time.Now().Before(stop) {
				at := time.Now()
				if _, err := conn.Write(request); err != nil {
					failed.Add(1)
					return
				}
				status, err := skipAnswer(in)
				if err != nil {
					failed.Add(1)
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
	seconds := time.Since(started).Seconds()
	if first != nil {
		return load{}, first
	}
	all := slices.Concat(latencies...)
	slices.Sort(all)
	l := load{Requests: len(all), Seconds: seconds, PerSec: float64(len(all)) / seconds, Errors: int(failed.Load())}
	if len(all) > 0 {
		l.P50, l.P99 = all[len(all)/2], all[len(all)*99/100]
	}
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
