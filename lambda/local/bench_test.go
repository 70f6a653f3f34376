package local_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"pack/lambda/local"
)

// BenchmarkURL is the whole way of a request: front HTTP, event, instance, streamed
// answer, client. The load comes from this process, over connections that stay open.
func BenchmarkURL(b *testing.B) {
	const clients, instances = 16, 4
	f := function("f")
	f.Env[roleVar] = "trivial"
	f.Env["GOMAXPROCS"] = "1" // as much as AWS gives up to 1769 MB, and a third faster here
	f.MaxInstances = instances
	s := local.New(local.Options{MaxWait: 10 * time.Second})
	if err := s.Add(f); err != nil {
		b.Fatal(err)
	}
	front := httptest.NewServer(s.URL("f"))
	defer front.Close()
	defer func() { _ = s.Shutdown(b.Context()) }()
	for range instances {
		get(b, front.URL)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var wg sync.WaitGroup
	for i := range clients {
		n := b.N / clients
		if i < b.N%clients {
			n++
		}
		wg.Go(func() {
			if err := load(front.Listener.Addr().String(), n); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}

// load makes n requests over one connection, with as little work of its own as it can.
func load(address string, n int) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	r := bufio.NewReader(conn)
	request := []byte("GET /page?a=1 HTTP/1.1\r\nHost: f\r\nAccept: text/html\r\nUser-Agent: load\r\n\r\n")
	for range n {
		if _, err := conn.Write(request); err != nil {
			return err
		}
		length, ok := 0, false
		for {
			line, err := r.ReadSlice('\n')
			if err != nil {
				return err
			}
			if bytes.HasPrefix(line, []byte("HTTP/1.1 200")) {
				ok = true
			}
			if v, found := bytes.CutPrefix(line, []byte("Content-Length: ")); found {
				length, _ = strconv.Atoi(string(bytes.TrimSpace(v)))
			}
			if bytes.HasPrefix(line, []byte("Transfer-Encoding")) {
				length = -1
			}
			if len(line) <= 2 {
				break
			}
		}
		for length < 0 { // chunks
			line, err := r.ReadSlice('\n')
			if err != nil {
				return err
			}
			size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
			if err != nil {
				return err
			}
			if _, err := r.Discard(int(size) + 2); err != nil {
				return err
			}
			if size == 0 {
				length = 0
			}
		}
		if _, err := r.Discard(length); err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("not every answer was 200")
		}
	}
	return nil
}

// BenchmarkBareServer is the same load on a handler that does nothing: what the front
// and the load cost by themselves.
func BenchmarkBareServer(b *testing.B) {
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") }))
	defer front.Close()
	b.ResetTimer()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if err := load(front.Listener.Addr().String(), b.N/16); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
}
