package directory_test

import (
	"testing"

	"pack/lambda/queue"
	"pack/lambda/queue/directory"
	"pack/lambda/queue/queuetest"
)

func TestConformance(t *testing.T) {
	queuetest.Run(t, queuetest.Options{New: func(t *testing.T, fifo bool, maxReceives int) queue.Queue {
		return open(t, t.TempDir(), directory.Options{FIFO: fifo, MaxReceives: maxReceives})
	}})
}

func open(t *testing.T, path string, o directory.Options) *directory.Queue {
	t.Helper()
	q, err := directory.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	return q
}
