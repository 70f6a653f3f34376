package sqsqueue_test

import (
	"os"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"pack/lambda/queue"
	"pack/lambda/queue/queuetest"
	"pack/lambda/queue/sqsqueue"
	"pack/tests/awsservers"
)

func TestMain(m *testing.M) { os.Exit(awsservers.Run(m)) }

func TestConformance(t *testing.T) {
	for _, server := range []struct {
		name  string
		start func(testing.TB) awsservers.Server
		knows map[string]string
	}{
		{name: "fauxqs", start: awsservers.SQS},
		{name: "moto", start: awsservers.Moto, knows: map[string]string{
			"deduplication survives deletion": "forgets a deduplication id when its message is deleted; AWS remembers it for five minutes",
			"receipts":                        "takes every receipt a message ever had; AWS only the latest",
			"many receivers":                  "two receives at one moment may both take of one group: it looks which groups are taken, and takes, in two steps",
		}},
	} {
		t.Run(server.name, func(t *testing.T) {
			client := sqs.NewFromConfig(server.start(t).Config)
			queuetest.Run(t, queuetest.Options{
				Knows: server.knows,
				New: func(t *testing.T, fifo bool, maxReceives int) queue.Queue {
					return ensured(t, client, fifo, maxReceives)
				},
			})
		})
	}
}

// ensured makes a queue that no other test has.
func ensured(t *testing.T, client *sqs.Client, fifo bool, maxReceives int) *sqsqueue.Queue {
	t.Helper()
	name := awsservers.NewName()
	if fifo {
		name += ".fifo"
	}
	spec := sqsqueue.Spec{Name: name, MaxReceives: maxReceives}
	url, err := sqsqueue.Ensure(t.Context(), client, spec)
	if err != nil {
		t.Fatal(err)
	}
	again, err := sqsqueue.Ensure(t.Context(), client, spec)
	if err != nil || again != url {
		t.Fatalf("ensured again: %s, %v, want %s", again, err, url)
	}
	return sqsqueue.New(client, url)
}
