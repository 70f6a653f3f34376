package logs_test

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"

	"pack/lambda/logs"
)

// parsed reads JSON lines.
func parsed(t *testing.T, text string) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, fields)
	}
	return all
}

// TestLines: whatever an app writes becomes one event a message, which says of
// which request and route it is.
func TestLines(t *testing.T) {
	logs.Begin("r-1")
	route := "/products/[slug]"
	logs.On(&route)
	t.Cleanup(func() { logs.Begin("") })
	var out bytes.Buffer
	l := &logs.Lines{Out: &out, Level: "ERROR"}
	for _, written := range []string{
		"sold out\n",
		"Error: no stock\n    at sell (shop.js:1:2)\n    at async page\nnext\n",
		"{\n  id: 7\n}\n",
		"half a ", "line\n",
		`{"level":"warn","event":"cart","requestId":"own"}` + "\n",
		"{\n  \"pretty\": true\n}\n",
		"{}\n\n\xff\n",
	} {
		if n, err := io.WriteString(l, written); err != nil || n != len(written) {
			t.Fatal(n, err)
		}
	}
	got := parsed(t, out.String())
	want := []string{"sold out", "Error: no stock\n    at sell (shop.js:1:2)\n    at async page", "next", "{\n  id: 7\n}", "half a line", "", "", "", "\uFFFD"}
	if len(got) != len(want) {
		t.Fatalf("%d events: %s", len(got), out.String())
	}
	for i, message := range want {
		if text, _ := got[i]["msg"].(string); text != message {
			t.Errorf("event %d says %q, want %q", i, text, message)
		}
		id := "r-1"
		if i == 5 {
			id = "own"
		}
		if got[i]["requestId"] != id || got[i]["route"] != "/products/[slug]" {
			t.Errorf("event %d: %v", i, got[i])
		}
	}
	if got[0]["level"] != "ERROR" || got[5]["level"] != "warn" || got[6]["pretty"] != true {
		t.Errorf("%v", got)
	}
}

// TestHandler: pack's own lines have the same fields, the route that they name
// going before the current one.
func TestHandler(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(logs.Handler(&out))
	log.Info("started")
	logs.Begin("r-2")
	t.Cleanup(func() { logs.Begin("") })
	log.Info("asked")
	route := "/a"
	logs.On(&route)
	log.Error("failed", "error", "x")
	log.Error("failed", "route", "/b")
	log.With("route", "/c").Error("failed")
	logs.Begin("r-3")
	log.Info("asked again")
	var got []string
	for _, f := range parsed(t, out.String()) {
		id, _ := f["requestId"].(string)
		route, _ := f["route"].(string)
		got = append(got, id+" "+route)
	}
	if all := strings.Join(got, ","); all != " ,r-2 ,r-2 /a,r-2 /b,r-2 /c,r-3 " {
		t.Errorf("requests and routes: %q", all)
	}
	if strings.Count(out.String(), `"route":"/b"`) != 1 {
		t.Error(out.String())
	}
}
