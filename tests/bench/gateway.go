package main

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"pack/infra/bundle"
	"pack/lambda/gateway"
	"pack/lambda/invoke"
	"pack/lambda/state"
)

// gatewayRole is the argument that makes this program a bare gateway.
const gatewayRole = "serve-gateway-handler"

// serveGateway serves a packed app's gateway over plain HTTP, in one process, without
// the Lambda service: what the handler itself costs. Its pages are those that `pack
// serve` has put into the app's state.
func serveGateway(dir string) error {
	output, err := bundle.Open(filepath.Join(dir, ".pack"))
	if err != nil {
		return err
	}
	opened, err := state.Open(state.Settings{Dir: filepath.Join(dir, ".pack", "state")})
	if err != nil {
		return err
	}
	g, err := gateway.New(gateway.Options{
		Deployment: output.Deployment(), Assets: os.DirFS(output.AssetsDir()), Cache: opened.Cache(output.Deployment().ID, "", 0),
		Invoker: &invoke.Client{Endpoint: "http://127.0.0.1:1"},
	})
	if err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + l.Addr().String())
	server := &http.Server{Handler: g, ReadHeaderTimeout: time.Minute}
	return server.Serve(l)
}
