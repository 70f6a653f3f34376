package dynamotags_test

import (
	"os"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"pack/s3cache"
	"pack/s3cache/dynamotags"
	"pack/s3cache/storetest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

// newTable makes an empty table and returns its name.
func newTable(t testing.TB, server awsservers.Server) string {
	t.Helper()
	name := awsservers.NewName()
	client := dynamodb.NewFromConfig(server.Config)
	if _, err := client.CreateTable(t.Context(), dynamotags.Table(name)); err != nil {
		t.Fatal(err)
	}
	waiter := dynamodb.NewTableExistsWaiter(client, func(o *dynamodb.TableExistsWaiterOptions) { o.MinDelay = 5 * time.Millisecond })
	if err := waiter.Wait(t.Context(), &dynamodb.DescribeTableInput{TableName: &name}, time.Minute); err != nil {
		t.Fatal(err)
	}
	return name
}

func open(t testing.TB, o dynamotags.Options) *dynamotags.Store {
	t.Helper()
	store, err := dynamotags.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// place makes an empty table in which every handle has a client of its own.
func place(start func(testing.TB) awsservers.Server) func(*testing.T) storetest.OpenTagStore {
	return func(t *testing.T) storetest.OpenTagStore {
		server := start(t)
		table := newTable(t, server)
		return func() s3cache.TagStore {
			return open(t, dynamotags.Options{Client: dynamodb.NewFromConfig(server.Config), Table: table, Prefix: "app#"})
		}
	}
}

func TestDynalite(t *testing.T) { storetest.RunTagStore(t, place(awsservers.DynamoDB)) }

func TestMoto(t *testing.T) {
	storetest.RunTagStore(t, place(awsservers.Moto), storetest.LosesUpdates)
}
