package tests_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is one line of /proc.
type process struct {
	pid, parent int
	// state is the letter of proc(5): T is stopped, Z is dead.
	state   byte
	command string
	environ []byte
	folder  string
}

func (p process) String() string {
	return fmt.Sprintf("pid %d (parent %d, state %c): %s", p.pid, p.parent, p.state, p.command)
}

func (p process) kill() error { return syscall.Kill(p.pid, syscall.SIGKILL) }

// variable gives the value of an environment variable of the process.
func (p process) variable(name string) string {
	for _, kv := range bytes.Split(p.environ, []byte{0}) {
		if value, ok := strings.CutPrefix(string(kv), name+"="); ok {
			return value
		}
	}
	return ""
}

// processes lists those alive. One that ends meanwhile is left out.
func processes() ([]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var list []process
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		if p, ok := readProcess(pid); ok {
			list = append(list, p)
		}
	}
	return list, nil
}

func readProcess(pid int) (process, bool) {
	at := filepath.Join("/proc", strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(at, "stat"))
	if err != nil {
		return process{}, false
	}
	// pid (comm) state ppid …, and comm may hold spaces and parentheses.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	parent, _ := strconv.Atoi(fields[1])
	command, _ := os.ReadFile(filepath.Join(at, "cmdline"))
	environ, _ := os.ReadFile(filepath.Join(at, "environ"))
	folder, _ := os.Readlink(filepath.Join(at, "cwd"))
	return process{
		pid: pid, parent: parent, state: fields[0][0], environ: environ, folder: folder,
		command: strings.TrimSpace(strings.ReplaceAll(string(command), "\x00", " ")),
	}, true
}

// descendants lists the processes below pid, at any depth.
func descendants(t *testing.T, pid int) []process {
	t.Helper()
	all, err := processes()
	if err != nil {
		t.Fatal(err)
	}
	family := map[int]bool{pid: true}
	var below []process
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			if family[p.parent] && !family[p.pid] {
				family[p.pid] = true
				below = append(below, p)
				grown = true
			}
		}
	}
	return below
}

// nodes lists the Node processes below pid.
func nodes(t *testing.T, pid int) []process {
	t.Helper()
	return slices.DeleteFunc(descendants(t, pid), func(p process) bool {
		program, _, _ := strings.Cut(p.command, " ")
		return filepath.Base(program) != "node" || p.state == 'Z'
	})
}

// lingering waits until no process but this one has the text in its command,
// environment or working directory, and returns those that still do after that.
func lingering(text string, patience time.Duration) []process {
	deadline := time.Now().Add(patience)
	for {
		all, err := processes()
		if err != nil {
			return nil
		}
		left := slices.DeleteFunc(all, func(p process) bool {
			return p.pid == os.Getpid() || p.state == 'Z' ||
				!strings.Contains(p.command, text) && !strings.Contains(p.folder, text) &&
					!bytes.Contains(p.environ, []byte(text))
		})
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(50 * time.Millisecond)
	}
}
