//go:build unix

package release_test

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/infra/objects"
	"pack/infra/release"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// state is an empty bucket of state, reached through Faults.
func state(t *testing.T) (release.Store, *awsservers.Faults) {
	t.Helper()
	server := awsservers.S3(t)
	name := awsservers.NewBucket(t, server)
	faults := awsservers.NewFaults(t, server)
	client := s3.NewFromConfig(faults.Config, func(o *s3.Options) { o.UsePathStyle = true })
	return release.Store{Bucket: &objects.Bucket{Client: client, Name: name, Region: "us-east-1"}}, faults
}

func adding(id string) func(*manifest.Traffic) error {
	return func(t *manifest.Traffic) error {
		release.Add(t, manifest.TrafficRelease{ID: id, Gateway: "1"})
		return release.Activate(t, id, time.Unix(1, 0).UTC())
	}
}

// TestUpdateAtOnce: of several who change who is in production, all changes are made,
// one after the other.
func TestUpdateAtOnce(t *testing.T) {
	t.Parallel()
	s, _ := state(t)
	if traffic, etag, err := s.Traffic(t.Context()); err != nil || etag != "" || traffic.Active != "" {
		t.Fatalf("before anything was released: %+v %q, %v", traffic, etag, err)
	}
	ids := []string{"a", "b", "c", "d", "e", "f"}
	var wait sync.WaitGroup
	for _, id := range ids {
		wait.Go(func() {
			if _, err := s.Update(t.Context(), adding(id)); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	traffic, _, err := s.Traffic(t.Context())
	var got []string
	for _, r := range traffic.Releases {
		got = append(got, r.ID)
	}
	slices.Sort(got)
	if err != nil || !slices.Equal(got, ids) || traffic.Active == "" {
		t.Errorf("there is %+v, %v", traffic, err)
	}
}

// TestUpdateLost: the answer to a write gets lost, and the SDK writes again: that finds
// the document changed, by itself. A change that changes nothing writes nothing, and
// one that fails neither.
func TestUpdateLost(t *testing.T) {
	t.Parallel()
	s, faults := state(t)
	lose := func() {
		lost := false
		faults.Decide(func(r *http.Request) awsservers.Fault {
			if r.Method != http.MethodPut || lost {
				return awsservers.Fault{}
			}
			lost = true
			return awsservers.Fault{Kind: awsservers.Lost}
		})
	}
	for _, id := range []string{"first", "second"} {
		lose()
		times := 0
		_, err := s.Update(t.Context(), func(traffic *manifest.Traffic) error { times++; return adding(id)(traffic) })
		if err != nil || times != 1 {
			t.Errorf("%s was changed %d times, %v", id, times, err)
		}
	}
	faults.Decide(nil)
	faults.Seen()
	if _, err := s.Update(t.Context(), func(*manifest.Traffic) error { return nil }); err != nil {
		t.Error(err)
	}
	refused := errors.New("no")
	if _, err := s.Update(t.Context(), func(traffic *manifest.Traffic) error { traffic.Active = "x"; return refused }); !errors.Is(err, refused) {
		t.Errorf("a change that fails: %v", err)
	}
	if asked := strings.Join(faults.Seen(), "\n"); strings.Contains(asked, "PUT") {
		t.Errorf("what changes nothing was written:\n%s", asked)
	}
	if traffic, _, err := s.Traffic(t.Context()); err != nil || traffic.Active != "second" || len(traffic.Releases) != 2 {
		t.Errorf("there is %+v, %v", traffic, err)
	}
}

// TestAdd: a release is written once, its record before it; what was written stays.
func TestAdd(t *testing.T) {
	t.Parallel()
	s, faults := state(t)
	one := manifest.Release{Schema: manifest.ReleaseSchema, ID: "one", Versions: map[string]map[string]string{"us-east-1": {"gateway": "1"}}}
	record := release.Record{Schema: manifest.ReleaseSchema, ID: "one", Configuration: "c"}
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if strings.Contains(r.URL.Path, "/pack/releases/") && r.Method == http.MethodPut {
			return awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{Status: 403, Body: "<Error><Code>AccessDenied</Code></Error>"}}
		}
		return awsservers.Fault{}
	})
	if err := s.Add(t.Context(), one, record); err == nil {
		t.Error("a release that could not be written was added")
	}
	faults.Decide(nil)
	if r, err := s.Release(t.Context(), "one"); r != nil || err != nil {
		t.Errorf("half a release is %+v, %v", r, err)
	}
	if ids, err := s.IDs(t.Context()); err != nil || !slices.Equal(ids, []string{"one"}) {
		t.Errorf("who tidies up finds %q, %v", ids, err)
	}
	if err := s.Add(t.Context(), one, record); err != nil {
		t.Fatal(err)
	}
	again := one
	again.Versions = map[string]map[string]string{"us-east-1": {"gateway": "2"}}
	if err := s.Add(t.Context(), again, release.Record{Schema: manifest.ReleaseSchema, ID: "one", Configuration: "d"}); err != nil {
		t.Fatal(err)
	}
	kept, err := s.Release(t.Context(), "one")
	if err != nil || kept.Versions["us-east-1"]["gateway"] != "1" {
		t.Errorf("the release became %+v, %v", kept, err)
	}
	if r, err := s.Record(t.Context(), "one"); err != nil || r.Configuration != "c" {
		t.Errorf("the record became %+v, %v", r, err)
	}
	if err := s.Forget(t.Context(), []string{"one"}); err != nil {
		t.Fatal(err)
	}
	if r, err := s.Record(t.Context(), "one"); r != nil || err != nil {
		t.Errorf("a record that was forgotten: %+v, %v", r, err)
	}
}

// TestNewer: documents of a newer pack are not read as if they were this one's, and not
// written over.
func TestNewer(t *testing.T) {
	t.Parallel()
	s, _ := state(t)
	err := s.Put(t.Context(), []objects.Upload{
		{Key: manifest.TrafficKey, Body: []byte(`{"schema":99}`), Size: 13}, {Key: manifest.ReleaseKey("one"), Body: []byte(`{"schema":99}`), Size: 13},
		{Key: manifest.ReleaseKey("broken"), Body: []byte(`{"sch`), Size: 5},
	}, func(int, int64) {})
	if err != nil {
		t.Fatal(err)
	}
	var user *manifest.UserError
	if _, err := s.Update(t.Context(), adding("mine")); !errors.As(err, &user) || !strings.Contains(user.What, "schema 99") {
		t.Errorf("traffic of a newer pack: %v", err)
	}
	if _, err := s.Release(t.Context(), "one"); !errors.As(err, &user) {
		t.Errorf("a release of a newer pack: %v", err)
	}
	if _, err := s.Release(t.Context(), "broken"); err == nil || !strings.Contains(err.Error(), manifest.ReleaseKey("broken")) {
		t.Errorf("half a document: %v", err)
	}
}
