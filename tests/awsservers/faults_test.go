//go:build unix

package awsservers_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"pack/tests/awsservers"
)

// Each fault does to a client and to the server what it says, and the next request
// goes through.
func TestFaults(t *testing.T) {
	server := awsservers.S3(t)
	bucket := awsservers.NewBucket(t, server)
	faults := awsservers.NewFaults(t, server)
	through := s3.NewFromConfig(faults.Config, func(o *s3.Options) { o.UsePathStyle, o.Retryer = true, aws.NopRetryer{} })
	direct := s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
	put := func(client *s3.Client, body string) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: aws.String("k"), Body: strings.NewReader(body)})
		return err
	}
	get := func(client *s3.Client) (string, error) {
		got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: aws.String("k")})
		if err != nil {
			return "", err
		}
		defer got.Body.Close()
		body, err := io.ReadAll(got.Body)
		return string(body), err
	}
	for name, test := range map[string]struct {
		fault          awsservers.Fault
		fails, written bool
	}{
		"none":         {awsservers.Fault{}, false, true},
		"delayed":      {awsservers.Fault{Delay: 10 * time.Millisecond}, false, true},
		"reset":        {awsservers.Fault{Kind: awsservers.Reset}, true, false},
		"lost":         {awsservers.Fault{Kind: awsservers.Lost}, true, true},
		"half request": {awsservers.Fault{Kind: awsservers.HalfRequest}, true, false},
		"slow down":    {awsservers.SlowDown(), true, false},
		"throttled":    {awsservers.Throttled("ThrottlingException"), true, false},
		"twice":        {awsservers.Fault{Kind: awsservers.Twice}, false, true},
		"silent":       {awsservers.Fault{Kind: awsservers.Silent}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := put(direct, "before"); err != nil {
				t.Fatal(err)
			}
			faults.Next(1, test.fault)
			if err := put(through, "after"); (err != nil) != test.fails {
				t.Errorf("put: %v", err)
			}
			want := map[bool]string{false: "before", true: "after"}[test.written]
			if body, err := get(direct); err != nil || body != want {
				t.Errorf("there is %q, want %q: %v", body, want, err)
			}
			if err := put(through, "again"); err != nil {
				t.Errorf("the next put: %v", err)
			}
		})
	}
	t.Run("half answer", func(t *testing.T) {
		faults.Next(1, awsservers.Fault{Kind: awsservers.HalfAnswer})
		if body, err := get(through); !errors.Is(err, io.ErrUnexpectedEOF) || body != "ag" {
			t.Errorf("got %q, %v", body, err)
		}
	})
	t.Run("refused", func(t *testing.T) {
		faults.Refuse()
		if err := put(through, "refused"); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("put: %v", err)
		}
		if err := faults.Accept(); err != nil {
			t.Fatal(err)
		}
		if body, err := get(through); err != nil || body != "again" {
			t.Errorf("got %q, %v", body, err)
		}
	})
	t.Run("seen", func(t *testing.T) {
		faults.Seen()
		faults.Decide(func(r *http.Request) awsservers.Fault {
			if r.Method == http.MethodPut {
				return awsservers.SlowDown()
			}
			return awsservers.Fault{}
		})
		var said smithy.APIError
		if err := put(through, "x"); !errors.As(err, &said) || said.ErrorCode() != "SlowDown" {
			t.Errorf("put: %v", err)
		}
		if _, err := get(through); err != nil {
			t.Error(err)
		}
		want := []string{"PUT /" + bucket + "/k", "GET /" + bucket + "/k"}
		if seen := faults.Seen(); !slices.Equal(seen, want) {
			t.Errorf("seen %q, want %q", seen, want)
		}
	})
}
