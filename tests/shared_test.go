package tests_test

import (
	"sync"
	"testing"
)

// shared is the `pack serve` that tests share. Only one at a time runs on the
// app's folder: a test that needs one of its own stops this one first.
var shared struct {
	sync.Mutex
	pack *server
}

// sharedPack gives a `pack serve` with the pages of the build, as any other
// test may have left them.
func sharedPack(t *testing.T) *server {
	t.Helper()
	b := shop(t)
	shared.Lock()
	defer shared.Unlock()
	if s := shared.pack; s != nil {
		select {
		case <-s.ended:
			t.Errorf("%s ended by itself with %s:\n%s", s.name, s.cmd.ProcessState, s.stderr.tail(40))
			shared.pack = nil
		default:
		}
	}
	if shared.pack == nil {
		s, err := launchPack(b.folder, "--fresh")
		if err != nil {
			t.Fatal(err)
		}
		shared.pack = s
	}
	s := shared.pack
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the last lines of %s:\n%s", s.name, s.stderr.tail(40))
		}
	})
	return s
}

// stopShared ends the shared server.
func stopShared() error {
	shared.Lock()
	defer shared.Unlock()
	if shared.pack == nil {
		return nil
	}
	err := shared.pack.stop()
	shared.pack = nil
	return err
}

// alone sees to it that the shared server does not run.
func alone(t *testing.T) {
	t.Helper()
	if err := stopShared(); err != nil {
		t.Error(err)
	}
}
