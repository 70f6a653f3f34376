package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const ledgerKey = "pack/ledger.json"

// ledger says what of a target is where, so that it can be tidied up after settings
// have changed, or after a deploy that got nowhere. It is in the bucket of artifacts
// of the home region, and written by who has the lease.
type ledger struct {
	Schema int `json:"schema"`
	// Regions are those that have a stack, or were to have one.
	Regions []string `json:"regions"`
	// Certificate: there is a stack for it in us-east-1.
	Certificate bool `json:"certificate,omitempty"`
	// Kept is what a destroyed target has left.
	Kept kept `json:"kept,omitzero"`
}

// kept is what stays when the stacks are deleted: buckets, tables, and parameters.
type kept struct {
	Buckets    []string `json:"buckets,omitempty"`
	Tables     []string `json:"tables,omitempty"`
	Parameters []string `json:"parameters,omitempty"`
}

func (k *kept) empty() bool { return len(k.Buckets)+len(k.Tables)+len(k.Parameters) == 0 }

func (k *kept) add(other kept) {
	k.Buckets, k.Tables, k.Parameters = union(k.Buckets, other.Buckets), union(k.Tables, other.Tables), union(k.Parameters, other.Parameters)
}

// ledger reads it; an empty one where there is none.
func (t *Target) ledger(ctx context.Context) (*ledger, error) {
	l, b := &ledger{Schema: 1}, t.artifacts(t.Home)
	out, err := b.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.Name, Key: aws.String(ledgerKey), ExpectedBucketOwner: &b.Owner})
	var missing *types.NoSuchKey
	if errors.As(err, &missing) {
		return l, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of bucket %s: %w", ledgerKey, b.Name, err)
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err == nil {
		err = json.Unmarshal(text, l)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s of bucket %s: %w", ledgerKey, b.Name, err)
	}
	return l, nil
}

func (t *Target) writeLedger(ctx context.Context, l *ledger) error {
	text, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	b := t.artifacts(t.Home)
	_, err = b.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.Name, Key: aws.String(ledgerKey), ExpectedBucketOwner: &b.Owner, Body: bytes.NewReader(text),
	})
	if err != nil {
		return fmt.Errorf("write %s to bucket %s: %w", ledgerKey, b.Name, err)
	}
	return nil
}
