package event_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"pack/lambda/event"
)

// bodyOf is what a handler gets of an event.
func bodyOf(t *testing.T, payload string) (body []byte, length int64, path string) {
	t.Helper()
	response := invoke(t, func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
		length, path = r.ContentLength, r.URL.Path
	}, payload)
	_, _ = io.ReadAll(response)
	return body, length, path
}

// However a body is written in an event, the handler gets the same.
func TestLargeBodies(t *testing.T) {
	large := bytes.Repeat([]byte("\x00\xff\"\\\n~"), 20_000)
	encoded := base64.StdEncoding.EncodeToString(large)
	text, err := json.Marshal(strings.Repeat("a \"quoted\"\nline ", 1_000))
	if err != nil {
		t.Fatal(err)
	}
	const head = `"rawPath":"/a","requestContext":{"http":{"method":"POST"},"authorizer":{"body":"no, [this","n":[{}]}}`
	for name, c := range map[string]struct {
		event string
		want  []byte
	}{
		"last":              {`{` + head + `,"isBase64Encoded":true,"body":"` + encoded + `"}`, large},
		"first":             {`{"body":"` + encoded + `",` + head + `,"isBase64Encoded":true}`, large},
		"spaced":            {"\n{ \"body\" :\t\"" + encoded + "\" ,\r\n" + head + " , \"isBase64Encoded\" : true }\n", large},
		"slashes escaped":   {`{` + head + `,"body":"` + strings.ReplaceAll(encoded, "/", `\/`) + `","isBase64Encoded":true}`, large},
		"text":              {`{` + head + `,"body":` + string(text) + `,"isBase64Encoded":false}`, []byte(strings.Repeat("a \"quoted\"\nline ", 1_000))},
		"text like base64":  {`{` + head + `,"body":"` + encoded + `","isBase64Encoded":false}`, []byte(encoded)},
		"a body in a name":  {`{"x\"body\":\"":"` + encoded + `",` + head + `}`, nil},
		"null and a number": {`{"body":null,"n":-1.5e3,"long":"` + encoded + `",` + head + `}`, nil},
		"said again":        {`{"body":"` + encoded + `",` + head + `,"isBase64Encoded":true,"body":"AAE="}`, []byte{0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			body, length, path := bodyOf(t, c.event)
			if !bytes.Equal(body, c.want) || length != int64(len(c.want)) || path != "/a" {
				t.Errorf("%d bytes, length %d, path %s; want %d bytes", len(body), length, path, len(c.want))
			}
		})
	}
	for _, broken := range []string{
		`{"body":"` + encoded, `{"body":"` + encoded + `"`, `{"body":"` + encoded + `",`, `["` + encoded + `"]`,
		`{"body":"*` + encoded + `","isBase64Encoded":true,` + head + `}`, `{"body"}` + encoded, `{` + head + `,"x":"\` + encoded,
		`{` + head + `,"x":"` + encoded, `{"` + encoded,
	} {
		if _, err := event.Handle(http.NotFoundHandler())(t.Context(), []byte(broken)); err == nil {
			t.Errorf("taken: %.40s … %s", broken, broken[max(0, len(broken)-40):])
		}
	}
}

func TestEncodeKeepsLargeBodies(t *testing.T) {
	large := bytes.Repeat([]byte("\x00\xff~"), 100_000)
	for _, body := range []io.Reader{bytes.NewReader(large), io.MultiReader(bytes.NewReader(large))} {
		request, _ := http.NewRequest(http.MethodPut, "http://shop.example/a", body)
		payload, err := event.Encode(request, &event.Call{Entry: "/a"})
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(payload) {
			t.Fatalf("not JSON: %.200s", payload)
		}
		if got, _, _ := bodyOf(t, string(payload)); !bytes.Equal(got, large) {
			t.Errorf("%d bytes arrive of %d", len(got), len(large))
		}
	}
	request, _ := http.NewRequest(http.MethodPut, "http://shop.example/a", io.MultiReader(bytes.NewReader(large), failing{}))
	if _, err := event.Encode(request, nil); err == nil || !strings.Contains(err.Error(), "cable") {
		t.Errorf("a body that cannot be read whole: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, fmt.Errorf("the cable is cut") }

// Whatever surrounds a body, it is what encoding/json finds in the whole.
func FuzzBody(f *testing.F) {
	f.Add(`{"a":[1,{"b":"\""}],`, "QUJD", `,"isBase64Encoded":true,"requestContext":{"http":{"method":"GET"}}}`)
	f.Fuzz(func(t *testing.T, before, body, after string) {
		whole := []byte(before + `"body":"` + strings.Repeat(body, 1+8192/(1+len(body))) + `"` + after)
		var got []byte
		response, err := event.Handle(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got, _ = io.ReadAll(r.Body) }))(t.Context(), whole)
		if err != nil {
			return
		}
		_, _ = io.ReadAll(response)
		var said struct {
			Body     string `json:"body"`
			IsBase64 bool   `json:"isBase64Encoded"`
		}
		if err := json.Unmarshal(whole, &said); err != nil {
			if strings.ContainsAny(body, "\r\n") { // which base64 skips and JSON forbids
				return
			}
			t.Fatalf("taken though %v: %q", err, whole)
		}
		want := []byte(said.Body)
		if said.IsBase64 {
			want, _ = base64.StdEncoding.DecodeString(said.Body)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%q, want %q of %q", got, want, whole)
		}
	})
}
