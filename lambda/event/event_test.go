package event_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pack/lambda/event"
)

func invoke(t *testing.T, h http.HandlerFunc, payload string) *event.Response {
	t.Helper()
	response, err := event.Handle(h)(t.Context(), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return response
}

const get = `{"version":"2.0","rawPath":"/a%20b","rawQueryString":"x=1&x=2","cookies":["a=1","b=2"],
	"headers":{"host":"shop.example","accept":"text/html,*/*"},"requestContext":{"http":{"method":"GET","path":"/a b","sourceIp":"203.0.113.9"}}}`

func TestRequestOfAFunctionURLEvent(t *testing.T) {
	var got string
	response := invoke(t, func(_ http.ResponseWriter, r *http.Request) {
		got = fmt.Sprint(r.Method, " ", r.URL.RawPath, " ", r.URL.Path, " ", r.URL.RawQuery, " ", r.Host, " ", r.Header.Get("Cookie"), " ", r.Header.Get("Accept"), " ", r.RemoteAddr)
	}, get)
	if _, err := io.ReadAll(response); err != nil {
		t.Fatal(err)
	}
	if want := "GET /a%20b /a b x=1&x=2 shop.example a=1; b=2 text/html,*/* 203.0.113.9"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestPlusSignOfAQuery: a function URL of AWS makes a space of it; what is sent on to
// Node is what the viewer wrote.
func TestPlusSignOfAQuery(t *testing.T) {
	const want = "/a%2Fb%20c?q=a+b&r=%2B%20"
	var got, line string
	response := invoke(t, func(_ http.ResponseWriter, r *http.Request) {
		got, line = r.RequestURI, r.URL.RequestURI()
	}, `{"headers":{},"requestContext":{"http":{"method":"GET"}},"rawPath":"/a%2Fb%20c","rawQueryString":"q=a b&r=%2B%20"}`)
	if _, err := io.ReadAll(response); err != nil {
		t.Fatal(err)
	}
	if got != want || line != want {
		t.Errorf("%q and %q, want %q", got, line, want)
	}
}

func TestBinaryBodySurvivesEncode(t *testing.T) {
	body := []byte{0, 255, 1, 254}
	request, _ := http.NewRequest(http.MethodPost, "http://shop.example/api?q=%2F", bytes.NewReader(body))
	request.Header["X-Twice"] = []string{"1", "2"}
	payload, err := event.Encode(request, &event.Call{Entry: "/api"})
	if err != nil {
		t.Fatal(err)
	}
	response := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		got, _ := io.ReadAll(r.Body)
		call := event.CallOf(r.Context())
		if !bytes.Equal(got, body) || call == nil || call.Entry != "/api" || r.Header.Get("X-Twice") != "1,2" || r.URL.RawQuery != "q=%2F" {
			t.Errorf("body %v, call %+v, header %v, query %s", got, call, r.Header, r.URL.RawQuery)
		}
	}, string(payload))
	_, _ = io.ReadAll(response)
}

func TestPreludePrecedesTheBody(t *testing.T) {
	response := invoke(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Add("Set-Cookie", "a=1")
		w.Header().Add("Set-Cookie", "b=2")
		w.Header().Set("Content-Type", "text/plain")
		w.Header()["Vary"] = []string{"rsc", "cookie"}
		w.Header()["Location"] = []string{"/cups", "/cups"} // As Next sends it of a page just rendered.
		w.WriteHeader(http.StatusTeapot)
		_, _ = w.Write([]byte("short and stout"))
	}, get)
	all, err := io.ReadAll(response)
	if err != nil {
		t.Fatal(err)
	}
	head, body, found := bytes.Cut(all, event.PreludeEnd)
	if want := `{"statusCode":418,"headers":{"content-type":"text/plain","location":"/cups","vary":"rsc, cookie"},"cookies":["a=1","b=2"]}`; !found || string(head) != want || string(body) != "short and stout" {
		t.Errorf("head %s\nbody %s", head, body)
	}
}

// TestHeadersOfAnyText: what a header may hold arrives as it was.
func TestHeadersOfAnyText(t *testing.T) {
	values := map[string]string{
		"x-quoted": `say "no" \ maybe`, "x-tab": "a\tb", "x-unicode": "naïve 漢字 \u2028", "x-marks": "<a&b>", "x-empty": "",
	}
	response := invoke(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, value := range values {
			w.Header().Set(name, value)
		}
		w.Header().Set("x-latin", "gr\xfcn")
		w.Header()["Date"] = nil
		w.Header().Add("Set-Cookie", `q="1"`)
	}, get)
	all, err := io.ReadAll(response)
	if err != nil {
		t.Fatal(err)
	}
	head, _, _ := bytes.Cut(all, event.PreludeEnd)
	var got struct {
		StatusCode int
		Headers    map[string]string
		Cookies    []string
	}
	if err := json.Unmarshal(head, &got); err != nil {
		t.Fatalf("%v in %s", err, head)
	}
	values["x-latin"] = "grün"
	if diff := cmp.Diff(values, got.Headers); diff != "" || got.StatusCode != 200 || len(got.Cookies) != 1 || got.Cookies[0] != `q="1"` {
		t.Errorf("%s\n%+v", diff, got)
	}
}

func TestBodylessAnswers(t *testing.T) {
	for _, status := range []int{204, 304} {
		response := invoke(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte("not to be sent"))
		}, get)
		all, _ := io.ReadAll(response)
		if _, body, _ := bytes.Cut(all, event.PreludeEnd); len(body) != 0 {
			t.Errorf("%d has the body %q", status, body)
		}
	}
}

// TestFunctionURLGetsABody: behind a function URL of AWS, which would leave the
// connection open, an answer without a body has one; a function that called has none.
func TestFunctionURLGetsABody(t *testing.T) {
	const direct = `{"version":"2.0","rawPath":"/a","headers":{},"requestContext":{"http":{"method":"%s"},"domainName":"abc.lambda-url.eu-central-1.on.aws"}%s}`
	for name, test := range map[string]struct {
		method, call, want string
		answer             http.HandlerFunc
	}{
		"redirect": {"GET", "", "\n", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/cups")
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}},
		"nothing written": {"GET", "", "\n", func(http.ResponseWriter, *http.Request) {}},
		"empty write":     {"GET", "", "\n", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nil) }},
		"flushed":         {"GET", "", "\n", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }},
		"not modified":    {"GET", "", "\n", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }},
		"HEAD":            {"HEAD", "", "\n", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) }},
		"a body":          {"GET", "", "page", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("page")) }},
		"called":          {"GET", `,"pack":{"entry":"/a"}`, "", func(http.ResponseWriter, *http.Request) {}},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := io.ReadAll(invoke(t, test.answer, fmt.Sprintf(direct, test.method, test.call)))
			if err != nil {
				t.Fatal(err)
			}
			head, body, _ := bytes.Cut(all, event.PreludeEnd)
			if string(body) != test.want || bytes.Contains(head, []byte("content-length")) {
				t.Errorf("head %s, body %q, want %q", head, body, test.want)
			}
		})
	}
}

func TestFlushedBytesLeaveBeforeTheHandlerReturns(t *testing.T) {
	release := make(chan struct{})
	response := invoke(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("first"))
		w.(http.Flusher).Flush()
		<-release
		_, _ = w.Write([]byte(" second"))
	}, get)
	buffer := make([]byte, 1024)
	n, err := response.Read(buffer)
	if err != nil || !strings.HasSuffix(string(buffer[:n]), "first") {
		t.Fatalf("read %q, %v", buffer[:n], err)
	}
	close(release)
	rest, err := io.ReadAll(response)
	if err != nil || string(rest) != " second" {
		t.Errorf("rest %q, %v", rest, err)
	}
}

func TestAfterResponseRunsInCloseAndMayAddMore(t *testing.T) {
	var order []string
	response := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		event.AfterResponse(r.Context(), func() {
			order = append(order, "first")
			event.AfterResponse(r.Context(), func() { order = append(order, "third") })
		})
		event.AfterResponse(r.Context(), func() { order = append(order, "second"); panic("kept from the instance") })
	}, get)
	_, _ = io.ReadAll(response)
	if len(order) != 0 {
		t.Errorf("ran before Close: %v", order)
	}
	if err := response.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "first second third" {
		t.Errorf("order %s", got)
	}
}

func TestPanics(t *testing.T) {
	t.Run("before the first byte", func(t *testing.T) {
		all, err := io.ReadAll(invoke(t, func(http.ResponseWriter, *http.Request) { panic("oops") }, get))
		if err != nil || !bytes.Contains(all, []byte(`"statusCode":500`)) || bytes.Contains(all, []byte("oops")) {
			t.Errorf("answer %q, %v", all, err)
		}
	})
	t.Run("what is relayed breaks off before its first byte", func(t *testing.T) {
		all, err := io.ReadAll(invoke(t, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			panic(http.ErrAbortHandler)
		}, get))
		if err != nil || !bytes.Contains(all, []byte(`"statusCode":502`)) {
			t.Errorf("answer %q, %v", all, err)
		}
	})
	t.Run("in the middle of a stream", func(t *testing.T) {
		_, err := io.ReadAll(invoke(t, func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("half"))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, get))
		if err == nil {
			t.Error("a broken stream reads as whole")
		}
	})
}

func TestAbandonedResponseEndsTheHandler(t *testing.T) {
	ended := make(chan struct{})
	response := invoke(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				return
			}
		}
	}, get)
	_, _ = response.Read(make([]byte, 10))
	if err := response.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		t.Error("the handler goes on")
	}
}

func TestForeignEventIsRefused(t *testing.T) {
	_, err := event.Handle(http.NotFoundHandler())(context.Background(), []byte(`{"Records":[]}`))
	if err == nil || !strings.Contains(err.Error(), "payload format 2.0") {
		t.Errorf("error %v", err)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(get))
	f.Fuzz(func(t *testing.T, payload []byte) {
		response, err := event.Handle(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprint(w, r.URL.String(), r.Header)
		}))(t.Context(), payload)
		if err != nil {
			return
		}
		if _, err := io.ReadAll(response); err != nil {
			t.Error(err)
		}
		_ = response.Close()
	})
}
