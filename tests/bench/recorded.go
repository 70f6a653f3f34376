package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// recordedRole is the argument that makes this program the bound of any handler: Go's
// HTTP server, answering everything with one answer that it asked for at its start.
const recordedRole = "serve-recorded-answer"

// serveRecorded serves the answer of that address, body and header.
func serveRecorded(address string) error {
	response, err := client.Get(address)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %v", address, response.Status, err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		header := w.Header()
		for name, values := range response.Header {
			header[name] = values
		}
		_, _ = w.Write(body)
	})}
	return server.Serve(l)
}
