package s3store_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pack/s3cache"
	"pack/s3cache/awsstate"
	"pack/s3cache/s3store"
	"pack/tests/awsservers"
)

// behind opens a store whose requests can be made to fail, as functions open it, and
// one beside it whose requests cannot.
func behind(t *testing.T) (store, beside *s3store.Store, faults *awsservers.Faults) {
	t.Helper()
	server := awsservers.S3(t)
	bucket := awsservers.NewBucket(t, server)
	faults = awsservers.NewFaults(t, server)
	store, err := awsstate.OpenObjects(awsstate.Config{
		Bucket: bucket, Region: awsservers.Region, S3Endpoint: faults.Endpoint,
		Credentials: server.Config.Credentials, Timeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	return store, open(t, s3store.Options{Client: client(server), Bucket: bucket}), faults
}

// kinds are the faults of one request that a server or a network has.
var kinds = map[string]awsservers.Fault{
	"reset":        {Kind: awsservers.Reset},
	"lost":         {Kind: awsservers.Lost},
	"half request": {Kind: awsservers.HalfRequest},
	"half answer":  {Kind: awsservers.HalfAnswer},
	"slow down":    awsservers.SlowDown(),
	"late":         {Delay: 200 * time.Millisecond},
	"silent":       {Kind: awsservers.Silent},
}

func write(t *testing.T, store s3cache.Store, body string, condition s3cache.Condition) string {
	t.Helper()
	etag, err := store.Put(t.Context(), "k", []byte(body), condition)
	if err != nil {
		t.Fatalf("put %q: %v", body, err)
	}
	return etag
}

func read(t *testing.T, store s3cache.Store, want string) *s3cache.Object {
	t.Helper()
	object, err := store.Get(t.Context(), "k", "")
	if want == "" && errors.Is(err, s3cache.ErrNotFound) {
		return nil
	}
	if err != nil || string(object.Body) != want {
		t.Fatalf("got %+v, want %q; error %v", object, want, err)
	}
	return object
}

// A request that fails is made again, and what was done is told from what was not: an
// instance whose lease was written, and whose answer was lost, knows that it has it.
func TestOneFault(t *testing.T) {
	for name, fault := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, beside, faults := behind(t)
			big := strings.Repeat("long ", 100_000)
			again := func() { faults.Next(1, fault) }
			again()
			etag := write(t, store, "first", s3cache.IfAbsent)
			if got := read(t, beside, "first").ETag; got != etag {
				t.Errorf("the ETag is %s, said was %s", got, etag)
			}
			again()
			etag = write(t, store, big, s3cache.IfMatch(etag))
			read(t, beside, big)
			again()
			read(t, store, big)
			again()
			if _, err := store.Get(t.Context(), "k", etag); !errors.Is(err, s3cache.ErrNotModified) {
				t.Errorf("get if changed: %v", err)
			}
			again()
			write(t, store, "third", s3cache.Condition{})
			etag = read(t, beside, "third").ETag
			again()
			if _, err := store.Put(t.Context(), "k", []byte("late"), s3cache.IfAbsent); !errors.Is(err, s3cache.ErrConflict) {
				t.Errorf("put of what is there: %v", err)
			}
			again()
			var listed []string
			for item, err := range store.List(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				listed = append(listed, item.Key)
			}
			if !slices.Equal(listed, []string{"k"}) {
				t.Errorf("listed %q", listed)
			}
			again()
			if err := store.Delete(t.Context(), "k", s3cache.IfMatch(etag)); err != nil {
				t.Errorf("delete: %v", err)
			}
			read(t, beside, "")
		})
	}
}

// While everything fails, an error says so and nothing is written by halves; afterwards
// all is well by itself.
func TestOutage(t *testing.T) {
	outages := map[string]func(*awsservers.Faults) (end func() error){
		"refused": func(f *awsservers.Faults) func() error { f.Refuse(); return f.Accept },
	}
	for name, fault := range kinds {
		if name != "late" {
			outages[name] = func(f *awsservers.Faults) func() error {
				f.Decide(func(*http.Request) awsservers.Fault { return fault })
				return func() error { f.Decide(nil); return nil }
			}
		}
	}
	for name, begin := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, beside, faults := behind(t)
			before, after := strings.Repeat("before", 5000), strings.Repeat("after", 9000)
			write(t, store, before, s3cache.Condition{})
			end := begin(faults)
			unclear := func(err error) bool {
				return err == nil || errors.Is(err, s3cache.ErrNotFound) || errors.Is(err, s3cache.ErrNotModified) || errors.Is(err, s3cache.ErrConflict)
			}
			if _, err := store.Get(t.Context(), "k", ""); unclear(err) {
				t.Errorf("get: %v", err)
			}
			if _, err := store.Put(t.Context(), "k", []byte(after), s3cache.Condition{}); unclear(err) && name != "half answer" {
				t.Errorf("put: %v", err)
			}
			object, err := beside.Get(t.Context(), "k", "")
			if err != nil || string(object.Body) != before && string(object.Body) != after {
				t.Errorf("%d bytes are there: %v", len(object.Body), err)
			}
			if written := string(object.Body) == after; written != (name == "lost" || name == "half answer") {
				t.Errorf("written: %v", written)
			}
			if err := end(); err != nil {
				t.Fatal(err)
			}
			write(t, store, "recovered", s3cache.IfMatch(object.ETag))
			read(t, store, "recovered")
		})
	}
}

// A write whose answer was lost, and which another writer then replaced, is refused and
// leaves theirs alone.
func TestLostAndReplaced(t *testing.T) {
	store, beside, faults := behind(t)
	requests := 0
	faults.Decide(func(*http.Request) awsservers.Fault {
		requests++
		if requests == 1 {
			return awsservers.Fault{Kind: awsservers.Lost}
		}
		if requests == 2 {
			write(t, beside, "theirs", s3cache.Condition{})
		}
		return awsservers.Fault{}
	})
	if _, err := store.Put(t.Context(), "k", []byte("ours"), s3cache.IfAbsent); !errors.Is(err, s3cache.ErrConflict) {
		t.Errorf("put: %v", err)
	}
	read(t, beside, "theirs")
}

// Answers of S3 that no server here gives.
func TestAnswers(t *testing.T) {
	answer := func(status int, code string) awsservers.Fault {
		return awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{
			Status: status, ContentType: "application/xml", Body: "<Error><Code>" + code + "</Code></Error>",
		}}
	}
	for name, test := range map[string]struct {
		fault              awsservers.Fault
		get, put, deletion error // nil: none of the contract's
	}{
		"another conditional write came between": {answer(409, "ConditionalRequestConflict"), nil, s3cache.ErrConflict, s3cache.ErrConflict},
		"another operation is under way":         {answer(409, "OperationAborted"), nil, s3cache.ErrConflict, s3cache.ErrConflict},
		"nothing to match":                       {answer(404, "NoSuchKey"), s3cache.ErrNotFound, s3cache.ErrConflict, s3cache.ErrConflict},
		"no bucket":                              {answer(404, "NoSuchBucket"), nil, nil, nil},
		"no right":                               {answer(403, "AccessDenied"), nil, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			store, _, faults := behind(t)
			faults.Decide(func(*http.Request) awsservers.Fault { return test.fault })
			match := s3cache.IfMatch(`"0123"`)
			_, get := store.Get(t.Context(), "k", "")
			_, put := store.Put(t.Context(), "k", nil, match)
			for verb, is := range map[string]struct{ got, want error }{
				"get": {get, test.get}, "put": {put, test.put}, "delete": {store.Delete(t.Context(), "k", match), test.deletion},
			} {
				contract := errors.Is(is.got, s3cache.ErrNotFound) || errors.Is(is.got, s3cache.ErrConflict) || errors.Is(is.got, s3cache.ErrNotModified)
				if is.got == nil || is.want != nil && !errors.Is(is.got, is.want) || is.want == nil && contract {
					t.Errorf("%s: %v, want %v", verb, is.got, is.want)
				}
			}
		})
	}
}

// Every request names the bucket's owner, writes name the key that encrypts, and none
// makes anything public.
func TestHeaders(t *testing.T) {
	server := awsservers.S3(t)
	faults := awsservers.NewFaults(t, server)
	var headers []http.Header
	faults.Decide(func(r *http.Request) awsservers.Fault {
		headers = append(headers, r.Header.Clone())
		return awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{Status: 403, ContentType: "application/xml", Body: "<Error><Code>AccessDenied</Code></Error>"}}
	})
	store := open(t, s3store.Options{Client: client(faults.Server), Bucket: "bucket", Owner: "111122223333", KMSKey: "alias/pages"})
	_, get := store.Get(t.Context(), "k", `"1"`)
	_, put := store.Put(t.Context(), "k", nil, s3cache.IfAbsent)
	deletion := store.Delete(t.Context(), "k", s3cache.IfMatch(`"1"`))
	var list error
	for _, list = range store.List(t.Context(), "") {
		break
	}
	if get == nil || put == nil || deletion == nil || list == nil || len(headers) != 4 {
		t.Fatalf("%v, %v, %v, %v, %d requests", get, put, deletion, list, len(headers))
	}
	for _, header := range headers {
		if got := header.Get("X-Amz-Expected-Bucket-Owner"); got != "111122223333" {
			t.Errorf("the owner is %q", got)
		}
		for name := range header {
			if strings.Contains(name, "Acl") || strings.Contains(name, "Grant") {
				t.Errorf("%s is sent", name)
			}
		}
	}
	for i, want := range []map[string]string{
		{"If-None-Match": `"1"`},
		{
			"If-None-Match": "*", "X-Amz-Server-Side-Encryption": "aws:kms",
			"X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id": "alias/pages", "X-Amz-Server-Side-Encryption-Bucket-Key-Enabled": "true",
		},
		{"If-Match": `"1"`},
	} {
		for name, value := range want {
			if got := headers[i].Get(name); got != value {
				t.Errorf("request %d: %s is %q, want %q", i, name, got, value)
			}
		}
	}
}

func TestOptions(t *testing.T) {
	server := awsservers.S3(t)
	for name, o := range map[string]s3store.Options{
		"no client": {Bucket: "b"}, "no bucket": {Client: client(server)},
		"a long prefix": {Client: client(server), Bucket: "b", Prefix: strings.Repeat("p", 129)},
	} {
		if _, err := s3store.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
