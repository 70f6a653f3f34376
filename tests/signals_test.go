package tests_test

import (
	"errors"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// TestSignals: as a process manager expects, and without anything left behind.
func TestSignals(t *testing.T) {
	b := shop(t)
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		code   int
	}{{"SIGTERM", syscall.SIGTERM, 0}, {"SIGINT", syscall.SIGINT, 130}} {
		t.Run(c.name, func(t *testing.T) {
			s := servePack(t, b.folder)
			s.must(t, get("/api/slow"), http.StatusOK)
			s.frozen(t, deployment(t).functionOf(t, "/api/slow"))
			family := descendants(t, s.cmd.Process.Pid)
			answered := make(chan error, 1)
			go func() {
				a, err := s.send(get("/api/slow?ms=1500"))
				if err == nil && a.status != http.StatusOK {
					err = errors.New(a.body)
				}
				answered <- err
			}()
			s.busy(t, "/api/slow")
			if err := s.cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if err := <-answered; err != nil {
				t.Errorf("the request under way at %s was not answered: %v", c.name, err)
			}
			if code := s.exit(t, 20*time.Second); code != c.code {
				t.Errorf("exit status %d, want %d", code, c.code)
			}
			gone(t, family)
		})
	}
	t.Run("a second SIGINT", func(t *testing.T) {
		s := servePack(t, b.folder)
		s.must(t, get("/api/slow"), http.StatusOK)
		s.frozen(t, deployment(t).functionOf(t, "/api/slow"))
		family := descendants(t, s.cmd.Process.Pid)
		answered := make(chan *answer, 1)
		go func() {
			a, _ := s.send(get("/api/slow?ms=4900"))
			answered <- a
		}()
		s.busy(t, "/api/slow")
		for range 2 {
			if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond) // Two equal signals that are pending at once are one.
		}
		if code := s.exit(t, 20*time.Second); code != 130 {
			t.Errorf("exit status %d, want 130", code)
		}
		if a := <-answered; a != nil && a.status == http.StatusOK {
			t.Error("the second SIGINT waited for the request under way")
		}
		gone(t, family)
	})
}

// busy waits until an instance of a route's function works on something.
func (s *server) busy(t *testing.T, route string) {
	t.Helper()
	name := deployment(t).functionOf(t, route)
	eventually(t, 10*time.Second, func() string {
		for _, p := range s.instances(t, name) {
			if p.state != 'T' {
				return ""
			}
		}
		return "no instance of " + name + " is awake"
	})
}

// gone fails for processes that are still there.
func gone(t *testing.T, family []process) {
	t.Helper()
	if len(family) == 0 {
		t.Error("no process was running at all")
	}
	eventually(t, 10*time.Second, func() string {
		for _, p := range family {
			if now, ok := readProcess(p.pid); ok && now.state != 'Z' && now.command == p.command {
				return "left behind: " + now.String()
			}
		}
		return ""
	})
}
