package tests_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// startPatience is how long a server that has nothing to build may take until
// it answers, on a machine that is busy with other things; buildPatience how
// long one that installs and builds first.
const (
	startPatience = 60 * time.Second
	buildPatience = 5 * time.Minute
)

// server is a running `pack serve` or `next start`.
type server struct {
	name string
	// url has no slash at its end.
	url string
	cmd *exec.Cmd
	// took is the time from the start of the process to its URL.
	took time.Duration
	// mark is in the environment of the server and of all its processes.
	mark string
	// orders is the file that the shop writes its order log to.
	orders string

	began          time.Time
	stdout, stderr transcript
	found          chan string
	ended          chan struct{}
}

// transcript keeps what a process writes.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (t *transcript) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(p)
}

func (t *transcript) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.String()
}

// tail gives the last lines.
func (t *transcript) tail(lines int) string {
	all := strings.Split(strings.TrimSpace(t.String()), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

var serverCount atomic.Int64

// command describes a server that can be launched.
func command(name, folder, program string, args ...string) *server {
	number := serverCount.Add(1)
	s := &server{
		name:   name,
		mark:   fmt.Sprintf("server-%d-of-%s", number, filepath.Base(root)),
		orders: filepath.Join(root, fmt.Sprintf("orders-%d.log", number)),
		found:  make(chan string, 1),
		ended:  make(chan struct{}),
	}
	s.cmd = exec.Command(program, args...)
	s.cmd.Dir = folder
	s.cmd.Env = environment("ORDER_LOG="+s.orders, "SERVER_MARK="+s.mark)
	s.cmd.SysProcAttr = ownGroup()
	s.cmd.WaitDelay = 5 * time.Second
	return s
}

// start starts the process; what urlOf finds in a line of its stdout is its URL.
func (s *server) start(urlOf func(line string) string) error {
	stdout, writer := io.Pipe()
	s.cmd.Stdout = io.MultiWriter(&s.stdout, writer)
	s.cmd.Stderr = &s.stderr
	s.began = time.Now()
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.name, err)
	}
	go func() {
		_ = s.cmd.Wait()
		writer.Close()
		close(s.ended)
	}()
	go func() {
		lines := bufio.NewScanner(stdout)
		for lines.Scan() {
			if at := urlOf(lines.Text()); at != "" {
				select {
				case s.found <- at:
				default:
				}
			}
		}
	}()
	return nil
}

// await waits until the server has printed its URL.
func (s *server) await(patience time.Duration) error {
	select {
	case at := <-s.found:
		s.url, s.took = strings.TrimSuffix(at, "/"), time.Since(s.began)
		return nil
	case <-s.ended:
		return fmt.Errorf("%s ended with %s before it printed a URL:\n%s", s.name, s.cmd.ProcessState, s.stderr.tail(40))
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("%s printed no URL within %s:\n%s", s.name, patience, s.stderr.tail(40))
	}
}

// packServe describes `pack serve` of an app, at any free port.
func packServe(folder string, args ...string) *server {
	return command("pack serve", folder, packBinary, append([]string{"serve", folder, "--port", "0"}, args...)...)
}

func wholeLine(line string) string { return line }

// launchPack runs `pack serve` on a packed app.
func launchPack(folder string, args ...string) (*server, error) {
	s := packServe(folder, args...)
	if err := s.start(wholeLine); err != nil {
		return nil, err
	}
	return s, s.await(startPatience)
}

var localLine = regexp.MustCompile(`Local:\s+(http://\S+)`)

// launchNext runs `next start` on a built app.
func launchNext(folder string) (*server, error) {
	s := nextStart(folder)
	if err := s.start(nextLine); err != nil {
		return nil, err
	}
	return s, s.await(startPatience)
}

// nextLine finds the URL in what `next start` prints.
func nextLine(line string) string {
	if found := localLine.FindStringSubmatch(line); found != nil {
		return found[1]
	}
	return ""
}

// servePack runs `pack serve` for one test.
func servePack(t *testing.T, folder string, args ...string) *server {
	t.Helper()
	alone(t)
	s, err := launchPack(folder, args...)
	if s != nil {
		t.Cleanup(func() { s.endWith(t) })
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *server) endWith(t *testing.T) {
	if t.Failed() {
		t.Logf("the last lines of %s:\n%s", s.name, s.stderr.tail(60))
	}
	if err := s.stop(); err != nil {
		t.Error(err)
	}
}

// stop asks the server to end, and ends it if it does not.
func (s *server) stop() error {
	select {
	case <-s.ended:
		return nil
	default:
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(20 * time.Second):
		// A Go program tells what it is waiting for.
		_ = s.cmd.Process.Signal(syscall.SIGQUIT)
		select {
		case <-s.ended:
		case <-time.After(5 * time.Second):
			s.kill()
		}
		return fmt.Errorf("%s did not end within 20 s of SIGTERM:\n%s", s.name, s.stderr.tail(150))
	}
}

// kill ends the process with SIGKILL and waits for it.
func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.ended
}

// exit waits for the server to end and returns its exit status.
func (s *server) exit(t *testing.T, patience time.Duration) int {
	t.Helper()
	select {
	case <-s.ended:
		return s.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		t.Fatalf("%s still runs after %s:\n%s", s.name, patience, s.stderr.tail(40))
		return 0
	}
}

var functionLine = regexp.MustCompile(`(?m)\bfunction\s+(\S+)\s+(http://\S+)`)

// functions gives the function URLs that `pack serve` printed, by name.
func (s *server) functions() map[string]string {
	urls := make(map[string]string)
	for _, found := range functionLine.FindAllStringSubmatch(s.stderr.String(), -1) {
		urls[found[1]] = strings.TrimSuffix(found[2], "/")
	}
	return urls
}

// host is the server's address without the scheme.
func (s *server) host() string { return strings.TrimPrefix(s.url, "http://") }
