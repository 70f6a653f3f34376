//go:build unix

package objects_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/infra/objects"
	"pack/manifest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// owner is the account of all that moto makes.
const owner = "123456789012"

func clientOf(server awsservers.Server) *s3.Client {
	return s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
}

// behind is a bucket that is reached through Faults.
func behind(t *testing.T) (*objects.Bucket, *awsservers.Faults) {
	t.Helper()
	server := awsservers.S3(t)
	name := awsservers.NewBucket(t, server)
	faults := awsservers.NewFaults(t, server)
	return &objects.Bucket{Client: clientOf(faults.Server), Name: name, Region: "us-east-1"}, faults
}

func upload(key, text string) objects.Upload {
	return objects.Upload{Key: key, Body: []byte(text), Size: int64(len(text))}
}

func nobody(int, int64) {}

// TestPages: more objects than one answer lists, and than one request deletes.
func TestPages(t *testing.T) {
	t.Parallel()
	b, faults := behind(t)
	var all []objects.Upload
	for i := range 1100 {
		all = append(all, upload(fmt.Sprintf("functions/%04d.zip", i), "x"))
	}
	all = append(all, upload("layers/one.zip", "y"))
	most, told := 0, 0
	err := b.Put(t.Context(), all, func(done int, bytes int64) {
		told++
		if done != most+1 || bytes != int64(done) {
			t.Errorf("after %d objects %d are there, of %d bytes", most, done, bytes)
		}
		most = done
	})
	if err != nil || told != len(all) {
		t.Fatalf("%d of %d objects were told of, %v", told, len(all), err)
	}
	items, err := b.List(t.Context(), "functions/")
	if err != nil || len(items) != 1100 {
		t.Fatalf("%d are listed, %v", len(items), err)
	}
	if missing, err := b.Missing(t.Context(), append(all, upload("functions/new.zip", "x"))); err != nil || len(missing) != 1 || missing[0].Key != "functions/new.zip" {
		t.Errorf("missing are %d, %v", len(missing), err)
	}
	faults.Seen()
	n, err := b.DeleteBelow(t.Context(), "functions/")
	if err != nil || n != 1100 {
		t.Errorf("%d were deleted, %v", n, err)
	}
	if asked := strings.Count(strings.Join(faults.Seen(), "\n"), "POST"); asked != 2 {
		t.Errorf("they were deleted by %d requests", asked)
	}
	if items, err := b.List(t.Context(), ""); err != nil || len(items) != 1 {
		t.Errorf("left are %v, %v", items, err)
	}
}

// TestMissing: what is named by its content is there when its size is; what has another
// name is compared by content.
func TestMissing(t *testing.T) {
	t.Parallel()
	b, _ := behind(t)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("text"), 0o644); err != nil {
		t.Fatal(err)
	}
	opened := 0
	file := objects.Upload{Key: "a/file", Size: 4, Open: func(context.Context) (string, error) { opened++; return path, nil }}
	if err := b.Put(t.Context(), []objects.Upload{file, upload("a/body", "body")}, nobody); err != nil {
		t.Fatal(err)
	}
	opened = 0
	named := func(u objects.Upload) objects.Upload { u.Named = true; return u }
	for _, c := range []struct {
		u       objects.Upload
		missing bool
	}{
		{file, false}, {named(file), false}, {upload("a/body", "BODY"), false}, {named(upload("a/body", "BODY")), true},
		{upload("a/body", "longer"), true}, {upload("b/other", "body"), true},
	} {
		missing, err := b.Missing(t.Context(), []objects.Upload{c.u})
		if err != nil || len(missing) > 0 != c.missing {
			t.Errorf("%s (named: %v) is missing: %v, %v", c.u.Key, c.u.Named, missing, err)
		}
	}
	if opened != 1 {
		t.Errorf("a file whose content need not be looked at was opened: %d times", opened)
	}
	sum := md5.Sum([]byte("text"))
	if items, err := b.List(t.Context(), "a/"); err != nil || items["a/file"].ETag != hex.EncodeToString(sum[:]) || items["a/file"].Size != 4 {
		t.Errorf("listed are %+v, %v", items, err)
	}
}

// TestThrottled: S3 says that it has too many requests. Each is made again with the
// whole content; one that is refused for good ends the upload, and those before stay.
func TestThrottled(t *testing.T) {
	t.Parallel()
	b, faults := behind(t)
	text := strings.Repeat("0123456789", 5000)
	faults.Next(2, awsservers.SlowDown())
	if err := b.Put(t.Context(), []objects.Upload{upload("a", text)}, nobody); err != nil {
		t.Fatal(err)
	}
	if items, err := b.List(t.Context(), "a"); err != nil || items["a"].Size != int64(len(text)) {
		t.Errorf("there is %+v, %v", items, err)
	}
	denied := awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{Status: 403, Body: `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`}}
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if strings.HasSuffix(r.URL.Path, "/c") {
			return denied
		}
		return awsservers.Fault{}
	})
	err := b.Put(t.Context(), []objects.Upload{upload("b", "1"), upload("c", "2")}, nobody)
	if err == nil || !strings.Contains(err.Error(), "upload c to bucket "+b.Name) {
		t.Errorf("a refused object: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	interrupted := errors.New("interrupted")
	cancel(interrupted)
	if err := b.Put(ctx, []objects.Upload{upload("d", "1")}, nobody); !errors.Is(err, interrupted) && !errors.Is(err, context.Canceled) {
		t.Errorf("an upload that was ended: %v", err)
	}
	faults.Decide(nil)
	if items, err := b.List(t.Context(), ""); err != nil || items["d"].Size != 0 {
		t.Errorf("there is %v, %v", items, err)
	}
}

// TestNotDeleted: S3 answers 200 and says of some objects that they stay.
func TestNotDeleted(t *testing.T) {
	t.Parallel()
	b, faults := behind(t)
	faults.Next(1, awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{
		Status: 200, Body: `<DeleteResult><Error><Key>kept</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error></DeleteResult>`,
	}})
	if err := b.Delete(t.Context(), []string{"kept", "gone"}); err == nil || !strings.Contains(err.Error(), "delete kept of bucket") || !strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("an object that stays: %v", err)
	}
	if err := b.Delete(t.Context(), []string{"never there"}); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), nil); err != nil || len(faults.Seen()) != 2 {
		t.Errorf("deleting nothing asks S3, %v", err)
	}
}

// TestEnsure: the bucket is private and encrypted; a half-made one is completed.
func TestEnsure(t *testing.T) {
	t.Parallel()
	server := awsservers.Moto(t)
	faults := awsservers.NewFaults(t, server)
	b := &objects.Bucket{Client: clientOf(faults.Server), Name: awsservers.NewName(), Region: "eu-west-1", Owner: owner}
	b.Client = s3.NewFromConfig(faults.Server.Config, func(o *s3.Options) { o.UsePathStyle, o.Region = true, "eu-west-1" })
	if there, err := b.Exists(t.Context()); there || err != nil {
		t.Fatalf("it is there: %v, %v", there, err)
	}
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if r.URL.Query().Has("encryption") {
			return awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{Status: 403, Body: `<Error><Code>AccessDenied</Code><Message>no</Message></Error>`}}
		}
		return awsservers.Fault{}
	})
	if err := b.Ensure(t.Context(), map[string]string{"pack:app": "shop"}); err == nil || !strings.Contains(err.Error(), "encrypt bucket "+b.Name) {
		t.Errorf("a bucket that could not be encrypted: %v", err)
	}
	faults.Decide(nil)
	for range 2 {
		if err := b.Ensure(t.Context(), map[string]string{"pack:app": "shop"}); err != nil {
			t.Fatal(err)
		}
	}
	client := clientOf(server)
	access, err := client.GetPublicAccessBlock(t.Context(), &s3.GetPublicAccessBlockInput{Bucket: &b.Name})
	if err != nil || !aws.ToBool(access.PublicAccessBlockConfiguration.BlockPublicPolicy) || !aws.ToBool(access.PublicAccessBlockConfiguration.RestrictPublicBuckets) {
		t.Errorf("the public: %+v, %v", access, err)
	}
	encryption, err := client.GetBucketEncryption(t.Context(), &s3.GetBucketEncryptionInput{Bucket: &b.Name})
	if err != nil || encryption.ServerSideEncryptionConfiguration.Rules[0].ApplyServerSideEncryptionByDefault.SSEAlgorithm != types.ServerSideEncryptionAes256 {
		t.Errorf("encryption: %+v, %v", encryption, err)
	}
	policy, err := client.GetBucketPolicy(t.Context(), &s3.GetBucketPolicyInput{Bucket: &b.Name})
	if err != nil || !strings.Contains(aws.ToString(policy.Policy), `"aws:SecureTransport":"false"`) {
		t.Errorf("who does not use TLS: %+v, %v", policy, err)
	}
	where, err := client.GetBucketLocation(t.Context(), &s3.GetBucketLocationInput{Bucket: &b.Name})
	if err != nil || where.LocationConstraint != types.BucketLocationConstraintEuWest1 {
		t.Errorf("it is in %+v, %v", where, err)
	}
}

// TestForeign: a bucket of somebody else's is not used, and the owner told what to do.
func TestForeign(t *testing.T) {
	t.Parallel()
	b, faults := behind(t)
	b.Owner = owner
	// As S3 does where the bucket is another account's.
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html
	faults.Decide(func(r *http.Request) awsservers.Fault {
		if r.Header.Get("X-Amz-Expected-Bucket-Owner") == "" {
			return awsservers.Fault{}
		}
		return awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{Status: 403, Body: `<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`}}
	})
	_, err := b.Exists(t.Context())
	var user *manifest.UserError
	if !errors.As(err, &user) || user.Hint == "" {
		t.Errorf("somebody else's bucket: %v", err)
	}
	if err := b.Ensure(t.Context(), nil); !errors.As(err, &user) {
		t.Errorf("somebody else's bucket: %v", err)
	}
	for what, try := range map[string]func() error{
		"listed":   func() error { _, err := b.List(t.Context(), ""); return err },
		"written":  func() error { return b.Put(t.Context(), []objects.Upload{upload("a", "1")}, nobody) },
		"thinned":  func() error { return b.Delete(t.Context(), []string{"a"}) },
		"emptied":  func() error { return b.Empty(t.Context()) },
		"removed":  func() error { return b.Remove(t.Context()) },
		"compared": func() error { _, err := b.Missing(t.Context(), []objects.Upload{upload("a", "1")}); return err },
	} {
		if err := try(); err == nil {
			t.Errorf("somebody else's bucket was %s", what)
		}
	}
}

// TestRemove: every version goes, and the marks of what was deleted; then the bucket.
func TestRemove(t *testing.T) {
	t.Parallel()
	server := awsservers.Moto(t)
	client := clientOf(server)
	b := &objects.Bucket{Client: client, Name: awsservers.NewBucket(t, server), Region: "us-east-1", Owner: owner}
	_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &b.Name, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	put := func(key string) {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &b.Name, Key: &key, Body: bytes.NewReader([]byte("x"))}); err != nil {
			t.Error(err)
		}
	}
	// More than one page of versions.
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for j := range 130 {
				put(fmt.Sprintf("pages/%d/%d", i, j))
			}
		})
	}
	wait.Wait()
	put("kept")
	put("kept")
	if err := b.Delete(t.Context(), []string{"pages/0/0", "pages/0/1"}); err != nil {
		t.Fatal(err)
	}
	if err := b.Empty(t.Context(), "kept"); err != nil {
		t.Fatal(err)
	}
	left, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &b.Name})
	if err != nil || len(left.Versions) != 2 || len(left.DeleteMarkers) != 0 || aws.ToString(left.Versions[0].Key) != "kept" {
		t.Errorf("left are %d versions and %d marks, %v", len(left.Versions), len(left.DeleteMarkers), err)
	}
	for range 2 {
		if err := b.Remove(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if there, err := b.Exists(t.Context()); there || err != nil {
		t.Errorf("it is there: %v, %v", there, err)
	}
}
