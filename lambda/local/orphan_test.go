//go:build linux

package local_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"pack/lambda/local"
)

func TestNothingOutlivesAKilledService(t *testing.T) {
	marker := fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano())
	for round := range 50 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVar+"=service", markerVar+"="+marker)
		cmd.Stderr = os.Stderr
		stdin, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		words := bufio.NewScanner(out)
		words.Scan()
		if round%2 == 0 { // half of them with live children, half while they start
			words.Scan()
		}
		time.Sleep(time.Duration(rand.IntN(60)) * time.Millisecond)
		if round%2 == 0 && len(marked(marker)) < 3 {
			t.Errorf("round %d: only %v were running", round, marked(marker))
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		_ = stdin.Close()
		for end := time.Now().Add(3 * time.Second); len(marked(marker)) > 0; time.Sleep(2 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("round %d: processes left: %v", round, marked(marker))
			}
		}
	}
}

// marked lists live processes that have the marker in their environment.
func marked(marker string) []int {
	var found []int
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		env, _ := os.ReadFile("/proc/" + e.Name() + "/environ")
		if bytes.Contains(env, []byte(markerVar+"="+marker)) {
			found = append(found, pid)
		}
	}
	return found
}

func processState(pid int) string {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "gone"
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	if rest[:1] == "Z" {
		return "gone" // a zombie that nobody reaped yet does nothing
	}
	return rest[:1]
}

func TestShutdownLeavesNothing(t *testing.T) {
	marker := fmt.Sprintf("shutdown-%d", time.Now().UnixNano())
	f := function("f")
	f.Env[markerVar] = marker
	before := goroutines()
	s := local.New(local.Options{StopGrace: 200 * time.Millisecond})
	if err := s.Add(f); err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(s.URL("f"))
	for range 3 {
		go func() { _, _ = s.Invoke(context.Background(), "f", []byte(`{"Do":"sleep"}`)) }()
	}
	get(t, front.URL+"/child")
	eventually(t, "four instances and a child", func() bool { return len(marked(marker)) >= 5 })
	start := time.Now()
	if err := s.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("shutdown took %v", took)
	}
	if left := marked(marker); len(left) > 0 {
		t.Errorf("processes left: %v", left)
	}
	if _, err := s.Invoke(context.Background(), "f", nil); err != local.ErrClosed {
		t.Errorf("invoke afterwards: %v", err)
	}
	front.Close()
	eventually(t, "no goroutine of the package is left", func() bool { return goroutines() <= before })
}

func goroutines() int {
	stacks := make([]byte, 1<<20)
	return strings.Count(string(stacks[:runtime.Stack(stacks, true)]), "created by pack/lambda/local.")
}
