package dynamotags_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"pack/s3cache/dynamotags"
	"pack/tests/awsservers"
)

// ofRevision reports whether a request is about the revision, and leaves it whole.
func ofRevision(t *testing.T, r *http.Request) bool {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return bytes.Contains(body, []byte("revision/"))
}

func revision(t *testing.T, store *dynamotags.Store) uint64 {
	t.Helper()
	got, err := store.Revision(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// No request about the revision is sent before all tags are written, however long that
// takes.
func TestTagsComeFirst(t *testing.T) {
	store, beside, faults, _ := behind(t)
	want := marks{"a": {ExpiredAt: 1}, "b": {StaleAt: 1}}
	moved := 0
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if !ofRevision(t, r) {
			return awsservers.Fault{Delay: 100 * time.Millisecond}
		}
		moved++
		wantTags(t, beside, want)
		return awsservers.Fault{}
	})
	if err := store.Write(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if moved != 4 {
		t.Errorf("%d requests about the revision", moved)
	}
}

// A write is done when every copy of the revision has moved on; of one that has written
// no tag they stay; a caller who leaves in between does not end it.
func TestMovingOnFails(t *testing.T) {
	store, beside, faults, _ := behind(t)
	fail := func(r *http.Request) awsservers.Fault { return awsservers.Throttled("ThrottlingException") }
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if ofRevision(t, r) {
			return fail(r)
		}
		return awsservers.Fault{}
	})
	if err := store.Write(t.Context(), marks{"a": {ExpiredAt: 1}}); err == nil || !strings.Contains(err.Error(), "revision") {
		t.Errorf("done: %v", err)
	}
	wantTags(t, beside, marks{"a": {ExpiredAt: 1}})

	faults.Decide(func(r *http.Request) awsservers.Fault {
		if ofRevision(t, r) {
			t.Error("the revision moves on, and no tag was written")
			return awsservers.Fault{}
		}
		return fail(r)
	})
	if err := store.Write(t.Context(), marks{"a": {ExpiredAt: 2}}); err == nil {
		t.Error("done")
	}

	before := revision(t, beside)
	ctx, leave := context.WithCancel(t.Context())
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if ofRevision(t, r) {
			leave()
			return awsservers.Fault{Delay: 50 * time.Millisecond}
		}
		return awsservers.Fault{}
	})
	if err := store.Write(ctx, marks{"a": {ExpiredAt: 3}}); err != nil {
		t.Error(err)
	}
	if after := revision(t, beside); after <= before {
		t.Errorf("the revision went from %d to %d", before, after)
	}
}

// Apps that share a table have revisions of their own, and a tag's name does not matter.
func TestRevisionsApart(t *testing.T) {
	server := awsservers.DynamoDB(t)
	table := newTable(t, server)
	client := dynamodb.NewFromConfig(server.Config)
	one := open(t, dynamotags.Options{Client: client, Table: table, Prefix: "one#"})
	other := open(t, dynamotags.Options{Client: client, Table: table, Prefix: "other#"})
	before := revision(t, other)
	const name = "\x00revision/0"
	for i := range int64(3) {
		if err := one.Write(t.Context(), marks{name: {ExpiredAt: i + 1}, "a": {StaleAt: i + 1}}); err != nil {
			t.Fatal(err)
		}
		wantTags(t, one, marks{name: {ExpiredAt: i + 1}, "a": {StaleAt: i + 1}})
	}
	if revision(t, one) != 3 || revision(t, other) != before {
		t.Errorf("revisions %d and %d", revision(t, one), revision(t, other))
	}
	got, err := one.Read(t.Context(), []string{"\x00revision/1"})
	if err != nil || len(got) != 0 {
		t.Errorf("an item of the revision is a tag: %v, %v", got, err)
	}
}
