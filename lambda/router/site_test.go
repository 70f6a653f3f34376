package router_test

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pack/lambda/router"
)

// site reads one of the real tables in testdata: what Next 16.4.6 gave an
// adapter for a small app. site.json is an app with both routers, rules of
// every kind and a proxy; languages.json one with i18n and domains.
func site(t testing.TB, name string) router.Table {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var table router.Table
	if err := json.Unmarshal(content, &table); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return table
}

func newRouter(t testing.TB, table router.Table) *router.Router {
	t.Helper()
	r, err := router.New(table)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// request makes a GET request; headers are "Name: value".
func request(target string, headers ...string) *router.Request {
	r := &router.Request{Method: http.MethodGet, Target: target, Host: "site.test", Header: http.Header{}}
	for _, line := range headers {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			r.Host = value
			continue
		}
		r.Header.Add(name, value)
	}
	return r
}

func resolve(t testing.TB, r *router.Router, request *router.Request, proxy router.Proxy) *router.Result {
	t.Helper()
	result, err := r.Resolve(t.Context(), request, proxy)
	if err != nil {
		t.Fatalf("resolve %s: %v", request.Target, err)
	}
	return result
}

// summary is a result in one line: what a visitor would notice.
func summary(result *router.Result) string {
	var b strings.Builder
	b.WriteString(result.Kind.String())
	switch result.Kind {
	case router.Redirect, router.External:
		if result.Status != 0 {
			b.WriteString(" " + http.StatusText(result.Status))
		}
		b.WriteString(" " + result.Location)
	case router.Asset, router.Output, router.Image:
		b.WriteString(" " + result.Pathname)
		if result.Path != result.Pathname {
			b.WriteString(" as " + result.Path)
		}
		if result.RawQuery != "" {
			b.WriteString(" ?" + result.RawQuery)
		}
		for _, p := range result.Params {
			b.WriteString(" " + p.Name + "=" + strings.Join(p.Values, "|"))
		}
	}
	if result.Data {
		b.WriteString(" data")
	}
	return b.String()
}
