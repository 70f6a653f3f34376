package deploy

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"pack/infra/account"
	"pack/infra/objects"
	"pack/manifest"
)

const leaseKey = "pack/lease.json"

// leaseTime is for how long a lease holds that is not renewed; it is renewed three
// times in that time.
const leaseTime = 45 * time.Second

// lease lets one deploy or destroy of a target be at work at a time. It is an object
// that is written by conditional writes; by how long ago it was written, S3's clock
// counting, one sees whether its holder is still alive.
type lease struct {
	bucket *objects.Bucket
	length time.Duration
	holder holder
	etag   string
	end    context.CancelCauseFunc
	ended  chan struct{}
}

// holder is what a lease says.
type holder struct {
	// Who is AWS's name of the holder, Host the machine's.
	Who   string    `json:"who"`
	Host  string    `json:"host"`
	Doing string    `json:"doing"`
	Since time.Time `json:"since"`
	Token string    `json:"token"`
	// Renewed counts, so that a lease that is renewed has another ETag.
	Renewed int `json:"renewed"`
}

// take takes the lease and keeps it until release. The context it returns ends when
// the lease is lost. Where somebody else has it and is alive, that is a
// *manifest.UserError; where they are not, it waits for the lease to run out.
func (t *Target) take(ctx context.Context, doing string, length time.Duration) (context.Context, *lease, error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	l := &lease{
		bucket: t.artifacts(t.Home), length: length,
		holder: holder{Who: t.Account.ARN, Host: host, Doing: doing, Since: time.Now().UTC().Truncate(time.Second), Token: rand.Text()},
		ended:  make(chan struct{}),
	}
	if l.length == 0 {
		l.length = leaseTime
	}
	if err := l.acquire(ctx, t.Progress); err != nil {
		return nil, nil, err
	}
	// What the holder does ends with the lease.
	ctx, l.end = context.WithCancelCause(ctx)
	go l.renew(ctx)
	return ctx, l, nil
}

func (l *lease) acquire(ctx context.Context, progress Progress) error {
	first, told := "", false
	for {
		err := l.write(ctx)
		if err == nil || !errors.Is(err, errTaken) {
			return err
		}
		other, etag, age, err := l.read(ctx)
		if err != nil {
			return err
		}
		switch {
		case other.Token == l.holder.Token:
			l.etag = etag // written, and the answer lost
			return nil
		case etag == "", age > l.length:
			l.etag = etag // absent, or run out: the next write replaces it
			continue
		case first != "" && first != etag:
			return &manifest.UserError{
				What: fmt.Sprintf("another %s of this app is at work", other.Doing),
				Why:  fmt.Sprintf("%s on %s, since %s", other.Who, other.Host, other.Since.Format(time.RFC3339)),
				Hint: "wait until it has ended",
			}
		case !told:
			progress.note(fmt.Sprintf("another %s is at work or was cut off (%s on %s, since %s): waiting for a sign of life",
				other.Doing, other.Who, other.Host, other.Since.Format(time.RFC3339)))
			told = true
		}
		first = etag
		select {
		case <-time.After(min(l.length/15, 3*time.Second)):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errTaken = errors.New("somebody else has it")

// write makes the lease, or renews or replaces the one that has the ETag.
func (l *lease) write(ctx context.Context) error {
	l.holder.Renewed++
	body, err := json.MarshalIndent(l.holder, "", " ")
	if err != nil {
		return err
	}
	input := &s3.PutObjectInput{Bucket: &l.bucket.Name, Key: aws.String(leaseKey), ExpectedBucketOwner: &l.bucket.Owner, Body: bytes.NewReader(body)}
	if l.etag == "" {
		input.IfNoneMatch = aws.String("*")
	} else {
		input.IfMatch = &l.etag
	}
	out, err := l.bucket.Client.PutObject(ctx, input)
	switch {
	case err == nil:
		l.etag = aws.ToString(out.ETag)
		return nil
	case account.Is(err, "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
		return errTaken
	}
	return fmt.Errorf("take the lease: %w", err)
}

// read gives what the lease says and how old it is; no ETag where there is none.
func (l *lease) read(ctx context.Context) (other holder, etag string, age time.Duration, err error) {
	out, err := l.bucket.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.bucket.Name, Key: aws.String(leaseKey), ExpectedBucketOwner: &l.bucket.Owner})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return holder{}, "", 0, nil
	}
	if err != nil {
		return holder{}, "", 0, fmt.Errorf("read the lease: %w", err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return holder{}, "", 0, fmt.Errorf("read the lease: %w", err)
	}
	if err := json.Unmarshal(text, &other); err != nil {
		other = holder{Who: "somebody", Doing: "deploy"}
	}
	now, ok := middleware.GetServerTime(out.ResultMetadata)
	if !ok {
		now = time.Now()
	}
	return other, aws.ToString(out.ETag), now.Sub(*out.LastModified), nil
}

// renew renews the lease until it is released, and ends the holder's work when it
// could not be for as long as it holds.
func (l *lease) renew(ctx context.Context) {
	defer close(l.ended)
	last := time.Now()
	for {
		select {
		case <-time.After(l.length / 3):
		case <-ctx.Done():
			return
		}
		attempt, cancel := context.WithTimeout(ctx, max(l.length-time.Since(last), time.Second))
		err := l.write(attempt)
		if errors.Is(err, errTaken) {
			// Or the answer to an earlier attempt was lost.
			if other, etag, _, failed := l.read(attempt); failed == nil && other.Token == l.holder.Token {
				l.etag, err = etag, nil
			}
		}
		cancel()
		switch {
		case err == nil:
			last = time.Now()
		case errors.Is(err, errTaken):
			l.end(&manifest.UserError{
				What: "this " + l.holder.Doing + " has lost its lease", Why: "somebody else took it when it was not renewed in time", Hint: account.Again,
			})
			return
		case time.Since(last) > l.length:
			l.end(account.Explain(fmt.Errorf("renew the lease: %w", err)))
			return
		}
	}
}

// release lets others at it.
func (l *lease) release() {
	l.end(nil)
	<-l.ended
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// Where it fails, the lease runs out by itself.
	_, _ = l.bucket.Client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &l.bucket.Name, Key: aws.String(leaseKey), ExpectedBucketOwner: &l.bucket.Owner, IfMatch: &l.etag,
	})
}
