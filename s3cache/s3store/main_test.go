package s3store_test

import (
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"pack/s3cache"
	"pack/s3cache/s3store"
	"pack/s3cache/storetest"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

func client(server awsservers.Server) *s3.Client {
	return s3.NewFromConfig(server.Config, func(o *s3.Options) { o.UsePathStyle = true })
}

func open(t testing.TB, o s3store.Options) *s3store.Store {
	t.Helper()
	store, err := s3store.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// place makes an empty bucket in which every handle has a client of its own.
func place(start func(testing.TB) awsservers.Server) func(*testing.T) storetest.OpenStore {
	return func(t *testing.T) storetest.OpenStore {
		server := start(t)
		bucket := awsservers.NewBucket(t, server)
		return func() s3cache.Store {
			return open(t, s3store.Options{Client: client(server), Bucket: bucket, Prefix: "pages/"})
		}
	}
}

func TestVersitygw(t *testing.T) {
	storetest.RunStore(t, place(awsservers.S3), storetest.DeletesAbsent)
}

func TestMoto(t *testing.T) { storetest.RunStore(t, place(awsservers.Moto)) }
