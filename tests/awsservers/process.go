//go:build unix

package awsservers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// How long a server may take to listen and to end.
const patience = 60 * time.Second

// server is one process.
type server struct {
	endpoint string
	command  *exec.Cmd
	input    io.Closer
	output   *tail
	ended    chan struct{} // closed when the process has ended
	result   error         // how, once it has
	folder   string        // removed when it has been stopped; may be empty
}

func startVersitygw(ctx context.Context) (*server, error) {
	binary, err := installVersitygw(ctx)
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "awsservers-")
	if err != nil {
		return nil, err
	}
	// It takes no port 0: another process may take the port in between.
	for range 5 {
		var address string
		if address, err = freeAddress(); err != nil {
			break
		}
		command := exec.Command(binary, "--port", address, "--access", AccessKey, "--secret", SecretKey,
			"--region", Region, "--keep-alive", "--quiet", "posix", folder)
		var s *server
		if s, err = start(command); err != nil {
			break
		}
		if err = s.listening(ctx, address); err == nil {
			s.endpoint, s.folder = "http://"+address, folder
			return s, nil
		}
		s.end()
	}
	return nil, errors.Join(err, os.RemoveAll(folder))
}

func startDynalite(ctx context.Context) (*server, error) { return startScript(ctx, "dynamodb.js") }

func startFauxqs(ctx context.Context) (*server, error) { return startScript(ctx, "sqs.js") }

func startScript(ctx context.Context, script string) (*server, error) {
	if err := installNode(ctx); err != nil {
		return nil, err
	}
	return startAnnouncing(ctx, exec.Command("node", filepath.Join(here(), script)))
}

func startMoto(ctx context.Context) (*server, error) {
	python, err := installMoto(ctx)
	if err != nil {
		return nil, err
	}
	return startAnnouncing(ctx, exec.Command(python, filepath.Join(here(), "everything.py")))
}

// startAnnouncing starts a server whose first line of output is its port.
func startAnnouncing(ctx context.Context, command *exec.Cmd) (*server, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	command.Stdout = write
	s, err := start(command)
	write.Close()
	if err != nil {
		return nil, err
	}
	if err := read.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(read).ReadString('\n')
	port, invalid := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || invalid != nil {
		s.end()
		return nil, fmt.Errorf("it announced %q: %w\n%s", line, errors.Join(err, invalid), s.output)
	}
	s.endpoint = fmt.Sprintf("http://127.0.0.1:%d", port)
	return s, nil
}

// start starts a server that ends with its standard input or, on Linux, with this
// process, however it ends.
func start(command *exec.Cmd) (*server, error) {
	s := &server{command: command, output: &tail{}, ended: make(chan struct{})}
	command.Stderr = s.output
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	s.input = input
	if err := startTied(command); err != nil {
		return nil, err
	}
	go func() {
		s.result = command.Wait()
		close(s.ended)
	}()
	return s, nil
}

// listening waits until something listens at the address or the process has ended.
func (s *server) listening(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for {
		if connection, err := net.Dial("tcp", address); err == nil {
			return connection.Close()
		}
		select {
		case <-pause.C:
		case <-s.ended:
			return fmt.Errorf("it ended: %w\n%s", s.result, s.output)
		case <-ctx.Done():
			return fmt.Errorf("it does not listen: %w\n%s", ctx.Err(), s.output)
		}
	}
}

// stop ends a server; it is an error if it was not running any more.
func (s *server) stop() error {
	var err error
	select {
	case <-s.ended:
		err = fmt.Errorf("it had ended: %v\n%s", s.result, s.output)
	default:
		s.end()
	}
	if s.folder != "" {
		err = errors.Join(err, os.RemoveAll(s.folder))
	}
	return err
}

// end asks the process to end, and after a while makes it.
func (s *server) end() {
	_ = s.input.Close()
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(5 * time.Second):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	t.kept = t.kept[max(0, len(t.kept)-4<<10):]
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
