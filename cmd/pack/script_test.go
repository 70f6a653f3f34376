package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"

	"pack/infra/bundle"
	"pack/tests/awsservers"
	"pack/tests/awsstacks"
)

func TestMain(m *testing.M) {
	testscript.Main(served{m}, map[string]func(){"pack": main})
}

// served runs the tests, and stops the servers that they have started.
type served struct{ tests *testing.M }

func (s served) Run() int { return awsservers.Run(s.tests) }

// TestDeployScripts runs the commands that work on an account, against servers that
// speak AWS's protocols. Whoever has the policy that pack doctor prints, and nothing
// else, could do what they do.
func TestDeployScripts(t *testing.T) {
	stacks := awsstacks.New(t)
	var policies [][]byte
	allowed := func(ts *testscript.TestScript, neg bool, args []string) {
		policies = append(policies, []byte(ts.ReadFile("stdout")))
	}
	t.Run("scripts", func(t *testing.T) {
		scripts(t, "deploy", append(stacks.Environ(), "AWS_ENDPOINT_URL="+stacks.Endpoint, "AWS_EC2_METADATA_DISABLED=true"), allowed)
	})
	for _, refused := range stacks.Refused(policies...) {
		t.Errorf("the policy of pack doctor does not allow %s", refused)
	}
	const path = "../../infra/doctor/testdata/asked.json"
	var told map[string][]string
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &told)
	}
	if diff := cmp.Diff(told["cmd/pack"], stacks.Actions()); err != nil || diff != "" {
		t.Errorf("%s differs from what was asked for: %v\n%s", path, err, diff)
	}
}

// TestScripts runs whole commands: one file of testdata/script each.
func TestScripts(t *testing.T) { scripts(t, "script", nil, nil) }

func scripts(t *testing.T, folder string, variables []string, allowed func(*testscript.TestScript, bool, []string)) {
	next, err := filepath.Abs(filepath.Join("testdata", "next"))
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", folder),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("NEXT_STAND_IN", next)
			env.Vars = append(env.Vars, variables...)
			// Scripts have no home; pack compiles its layers with Go's caches.
			for _, name := range []string{"GOCACHE", "GOMODCACHE", "GOPROXY", "GOSUMDB"} {
				value, err := exec.Command("go", "env", name).Output()
				if err != nil {
					return err
				}
				env.Setenv(name, strings.TrimSpace(string(value)))
			}
			cache, err := os.UserCacheDir()
			if err != nil {
				return err
			}
			env.Setenv("XDG_CACHE_HOME", cache)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"app":    app,
			"locked": locked,
			"halt":   halt,
			"exits":  exits,
			"field":  field,
			// allowed keeps the policies that the last command has printed as JSON.
			"allowed": allowed,
		},
	})
}

// app makes an app in a folder whose next is the stand-in.
func app(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: app DIR")
	}
	ts.Check(writeApp(ts.MkAbs(args[0]), ts.Getenv("NEXT_STAND_IN")))
}

func writeApp(dir, next string) error {
	for name, text := range map[string]string{
		"package.json":      `{"name":"app","private":true,"dependencies":{"next":"16.4.6"}}`,
		"package-lock.json": `{"name":"app","lockfileVersion":3}`,
		"app/hello.js":      "exports.handler = 'hello'\n",
		"app/slow.js":       "exports.handler = 'slow'\n",
		"app/about.html":    "<h1>About</h1>\n",
		"public/robots.txt": "User-agent: *\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	return os.CopyFS(filepath.Join(dir, "node_modules", "next"), os.DirFS(next))
}

// locked stands in for another build that is at work until the script ends.
func locked(ts *testscript.TestScript, neg bool, args []string) {
	lock, err := bundle.TakeLock(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Defer(func() { _ = lock.Release() })
}

// exits runs a command and checks its exit status: exits 2 pack …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS COMMAND…")
	}
	err := ts.Exec(args[1], args[2:]...)
	status := "0"
	if err != nil {
		status = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if status != args[0] {
		ts.Fatalf("exit status %s, want %s", status, args[0])
	}
}

// halt runs `pack build` in a folder, sends it a signal once its build command
// runs, and checks the exit status: halt SIGNAL STATUS DIR.
func halt(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: halt SIGNAL STATUS DIR")
	}
	signal := map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM}[args[0]]
	began := ts.MkAbs("began")
	ts.Check(os.RemoveAll(began))
	program := filepath.Join(filepath.SplitList(ts.Getenv("PATH"))[0], "pack")
	cmd := exec.Command(program, "build", "--build-command", "touch "+began+"; exec sleep 60", ts.MkAbs(args[2]))
	cmd.Env = append(os.Environ(), "PATH="+ts.Getenv("PATH"))
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	ts.Check(cmd.Start())
	for range 200 {
		if _, err := os.Stat(began); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	told := time.Now()
	ts.Check(cmd.Process.Signal(signal))
	_ = cmd.Wait() // The status is looked at below.
	ts.Logf("%s", stderr.String())
	if status := fmt.Sprint(cmd.ProcessState.ExitCode()); status != args[1] {
		ts.Fatalf("exit status %s, want %s", status, args[1])
	}
	if took := time.Since(told); took > 20*time.Second {
		ts.Fatalf("the build ended %v after the signal only", took)
	}
}

// field checks a value of the last command's JSON document:
// field functions.0.name gateway. A number is an index, len counts.
func field(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: field PATH VALUE")
	}
	var value any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &value))
	for _, key := range strings.Split(args[0], ".") {
		var n int
		switch v := value.(type) {
		case map[string]any:
			got, ok := v[key]
			if !ok {
				ts.Fatalf("there is no %s in %s", key, args[0])
			}
			value = got
		case []any:
			if key == "len" {
				value = len(v)
			} else if _, err := fmt.Sscan(key, &n); err == nil && n < len(v) {
				value = v[n]
			} else {
				ts.Fatalf("there is no %s in %s", key, args[0])
			}
		default:
			ts.Fatalf("%s: %v has no %s", args[0], value, key)
		}
	}
	if got := fmt.Sprint(value); (got == args[1]) == neg {
		ts.Fatalf("%s is %q", args[0], got)
	}
}
