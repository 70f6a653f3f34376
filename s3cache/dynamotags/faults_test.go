package dynamotags_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"pack/s3cache"
	"pack/s3cache/awsstate"
	"pack/s3cache/dynamotags"
	"pack/tests/awsservers"
)

type marks = map[string]s3cache.Tag

// behind opens a store whose requests can be made to fail, as functions open it, and
// one beside it whose requests cannot.
func behind(t *testing.T) (store, beside *dynamotags.Store, faults *awsservers.Faults, table string) {
	t.Helper()
	server := awsservers.DynamoDB(t)
	table = newTable(t, server)
	faults = awsservers.NewFaults(t, server)
	store, err := awsstate.OpenTags(awsstate.Config{
		Table: table, Region: awsservers.Region, DynamoDBEndpoint: faults.Endpoint,
		Credentials: server.Config.Credentials, Timeout: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	beside = open(t, dynamotags.Options{Client: dynamodb.NewFromConfig(server.Config), Table: table})
	return store, beside, faults, table
}

func wantTags(t *testing.T, store *dynamotags.Store, want marks) {
	t.Helper()
	var tags []string
	for tag := range want {
		tags = append(tags, tag)
	}
	got, err := store.Read(t.Context(), tags)
	if err != nil {
		t.Fatal(err)
	}
	for tag, mark := range want {
		if got[tag] != mark {
			t.Errorf("tag %s is %+v, want %+v", tag, got[tag], mark)
		}
	}
}

func kinds() map[string]awsservers.Fault {
	return map[string]awsservers.Fault{
		"reset":        {Kind: awsservers.Reset},
		"lost":         {Kind: awsservers.Lost},
		"half request": {Kind: awsservers.HalfRequest},
		"half answer":  {Kind: awsservers.HalfAnswer},
		"throughput":   awsservers.Throttled("ProvisionedThroughputExceededException"),
		"throttled":    awsservers.Throttled("ThrottlingException"),
		"late":         {Delay: 200 * time.Millisecond},
		"silent":       {Kind: awsservers.Silent},
		"twice":        {Kind: awsservers.Twice},
	}
}

func TestOneFault(t *testing.T) {
	for name, fault := range kinds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, beside, faults, _ := behind(t)
			want := marks{"a": {StaleAt: 5, ExpireBy: 50}, "b": {ExpiredAt: 7}, "c": {StaleAt: 3, ExpiredAt: 2, ExpireBy: 1}}
			faults.Next(1, fault)
			if err := store.Write(t.Context(), want); err != nil {
				t.Fatal(err)
			}
			wantTags(t, beside, want)
			faults.Next(1, fault)
			wantTags(t, store, want)
			faults.Next(1, fault)
			before, err := store.Revision(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			faults.Next(1, fault)
			if err := store.Write(t.Context(), marks{"c": {StaleAt: 2, ExpiredAt: 9, ExpireBy: 8}}); err != nil {
				t.Fatal(err)
			}
			want["c"] = s3cache.Tag{StaleAt: 3, ExpiredAt: 9, ExpireBy: 1}
			wantTags(t, beside, want)
			if after, err := store.Revision(t.Context()); err != nil || after <= before {
				t.Errorf("the revision went from %d to %d, %v", before, after, err)
			}
		})
	}
}

// While everything fails, both say so, and afterwards all is well by itself.
func TestOutage(t *testing.T) {
	outages := map[string]func(*awsservers.Faults) (end func() error){
		"refused": func(f *awsservers.Faults) func() error { f.Refuse(); return f.Accept },
	}
	for name, fault := range kinds() {
		if name != "late" && name != "twice" {
			outages[name] = func(f *awsservers.Faults) func() error {
				f.Decide(func(*http.Request) awsservers.Fault { return fault })
				return func() error { f.Decide(nil); return nil }
			}
		}
	}
	for name, begin := range outages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, beside, faults, _ := behind(t)
			if err := store.Write(t.Context(), marks{"a": {ExpiredAt: 1}}); err != nil {
				t.Fatal(err)
			}
			end := begin(faults)
			if got, err := store.Read(t.Context(), []string{"a"}); err == nil {
				t.Errorf("read %+v", got)
			}
			if got, err := store.Revision(t.Context()); err == nil {
				t.Errorf("read revision %d", got)
			}
			// An answer of UpdateItem is two bytes long, of which one says enough.
			if err := store.Write(t.Context(), marks{"a": {ExpiredAt: 2}}); err == nil && name != "half answer" {
				t.Error("the write succeeded")
			}
			written := s3cache.Tag{ExpiredAt: 1}
			if name == "lost" || name == "half answer" {
				written.ExpiredAt = 2
			}
			wantTags(t, beside, marks{"a": written})
			if err := end(); err != nil {
				t.Fatal(err)
			}
			if err := store.Write(t.Context(), marks{"a": {ExpiredAt: 3}}); err != nil {
				t.Fatal(err)
			}
			wantTags(t, store, marks{"a": {ExpiredAt: 3}})
		})
	}
}

// What a revalidation and a read cost.
func TestCalls(t *testing.T) {
	store, _, faults, _ := behind(t)
	count := func(what string, want ...string) {
		t.Helper()
		seen := faults.Seen()
		for i, line := range seen {
			seen[i] = line[strings.LastIndex(line, " ")+1:]
		}
		slices.Sort(seen)
		if !slices.Equal(seen, want) {
			t.Errorf("%s: %q, want %q", what, seen, want)
		}
	}
	write := func(update s3cache.Tag) {
		t.Helper()
		if err := store.Write(t.Context(), marks{"a": update}); err != nil {
			t.Fatal(err)
		}
	}
	updates := func(tags int) []string { return slices.Repeat([]string{"UpdateItem"}, tags+4) }
	write(s3cache.Tag{ExpiredAt: 10})
	count("a first write", updates(1)...)
	write(s3cache.Tag{StaleAt: 20, ExpiredAt: 15, ExpireBy: 30})
	count("a later one of both parts", updates(1)...)
	write(s3cache.Tag{StaleAt: 19})
	count("one that is behind", updates(1)...)
	write(s3cache.Tag{StaleAt: 19, ExpiredAt: 16})
	count("one that is behind in part", updates(2)...)
	write(s3cache.Tag{})
	count("one that says nothing")
	if err := store.Write(t.Context(), marks{"b": {ExpiredAt: 1}, "c": {ExpiredAt: 1}}); err != nil {
		t.Fatal(err)
	}
	count("one of two tags", updates(2)...)
	if _, err := store.Revision(t.Context()); err != nil {
		t.Fatal(err)
	}
	count("the revision", "GetItem")
	for n, want := range map[int][]string{
		0: nil, 1: {"BatchGetItem"}, 100: {"BatchGetItem"}, 128: {"BatchGetItem", "BatchGetItem"},
	} {
		tags := []string{"a", "a"}[:min(2, 2*n)]
		for i := 1; i < n; i++ {
			tags = append(tags, fmt.Sprint("unknown ", i))
		}
		if _, err := store.Read(t.Context(), tags); err != nil {
			t.Fatal(err)
		}
		count(fmt.Sprint("a read of ", n), want...)
	}
}

// Keys that a batch leaves out are asked for again.
func TestUnprocessedKeys(t *testing.T) {
	store, beside, faults, table := behind(t)
	want := marks{}
	var keys []string
	for i := range 60 {
		tag := fmt.Sprint("tag ", i)
		want[tag] = s3cache.Tag{ExpiredAt: int64(i + 1)}
		keys = append(keys, fmt.Sprintf(`{"tag":{"S":%q}}`, tag))
	}
	if err := beside.Write(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	// As AWS answers that is too busy for any of the keys, and then for all but one.
	unprocessed := func(response string, keys []string) awsservers.Fault {
		return awsservers.Fault{Kind: awsservers.Answered, Answer: awsservers.Answer{
			Status: 200, ContentType: "application/x-amz-json-1.0",
			Body: fmt.Sprintf(`{"Responses":{%q:[%s]},"UnprocessedKeys":{%q:{"ConsistentRead":true,"Keys":[%s]}}}`,
				table, response, table, strings.Join(keys, ",")),
		}}
	}
	requests := 0
	faults.Decide(func(*http.Request) awsservers.Fault {
		requests++
		switch requests {
		case 1:
			return unprocessed("", keys)
		case 2:
			return unprocessed(`{"tag":{"S":"tag 0"},"expiredAt":{"N":"1"}}`, keys[1:])
		}
		return awsservers.Fault{}
	})
	wantTags(t, store, want)
	if requests != 3 {
		t.Errorf("%d requests", requests)
	}
	requests = 0
	faults.Decide(func(*http.Request) awsservers.Fault {
		requests++
		return unprocessed("", keys)
	})
	if got, err := store.Read(t.Context(), []string{"tag 0"}); err == nil || !strings.Contains(err.Error(), "unread") {
		t.Errorf("read %+v, %v", got, err)
	}
	if requests != 8 {
		t.Errorf("given up after %d requests", requests)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := store.Read(ctx, []string{"tag 0"}); !errors.Is(err, context.DeadlineExceeded) && !strings.Contains(fmt.Sprint(err), "unread") {
		t.Errorf("with a deadline: %v", err)
	}
}

// Apps share a table, each with items of its own, which TTL may remove two years after.
func TestItems(t *testing.T) {
	server := awsservers.Moto(t)
	table := newTable(t, server)
	client := dynamodb.NewFromConfig(server.Config)
	if _, err := client.UpdateTimeToLive(t.Context(), dynamotags.TTL(table)); err != nil {
		t.Fatal(err)
	}
	one := open(t, dynamotags.Options{Client: client, Table: table, Prefix: "one#"})
	other := open(t, dynamotags.Options{Client: client, Table: table, Prefix: "other#"})
	now := time.Now().UnixMilli()
	if err := one.Write(t.Context(), marks{"a": {StaleAt: now, ExpireBy: now + 60_000}}); err != nil {
		t.Fatal(err)
	}
	wantTags(t, one, marks{"a": {StaleAt: now, ExpireBy: now + 60_000}})
	wantTags(t, other, marks{"a": {}})
	got, err := client.GetItem(t.Context(), &dynamodb.GetItemInput{
		TableName: &table, Key: map[string]types.AttributeValue{"tag": &types.AttributeValueMemberS{Value: "one#a"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	remove, ok := got.Item["removeAt"].(*types.AttributeValueMemberN)
	if want := fmt.Sprint((now+60_000)/1000 + 2*365*24*3600); !ok || remove.Value != want {
		t.Errorf("the item is %+v, want it removed at %s", got.Item, want)
	}
	ttl, err := client.DescribeTimeToLive(t.Context(), &dynamodb.DescribeTimeToLiveInput{TableName: &table})
	if err != nil || ttl.TimeToLiveDescription.TimeToLiveStatus != types.TimeToLiveStatusEnabled {
		t.Errorf("the TTL is %+v, %v", ttl, err)
	}
}

func TestOptions(t *testing.T) {
	client := dynamodb.NewFromConfig(awsservers.DynamoDB(t).Config)
	for name, o := range map[string]dynamotags.Options{
		"no client": {Table: "t"}, "no table": {Client: client},
		"a long prefix": {Client: client, Table: "t", Prefix: strings.Repeat("p", 513)},
	} {
		if _, err := dynamotags.New(o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
