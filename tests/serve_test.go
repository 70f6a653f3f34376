package tests_test

import (
	"bytes"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestServePrintsItsURLAlone(t *testing.T) {
	s := servePack(t, shop(t).folder)
	s.must(t, get("/about"), http.StatusOK)
	if out := s.stdout.String(); !regexp.MustCompile(`^http://(localhost|127\.0\.0\.1):\d+\n$`).MatchString(out) {
		t.Errorf("stdout is %q, want a URL and nothing else", out)
	}
	for _, f := range deployment(t).Functions {
		if s.functions()[f.Name] == "" {
			t.Errorf("stderr names no URL of function %s:\n%s", f.Name, s.stderr.String())
		}
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if out := s.stdout.String(); strings.Count(out, "\n") != 1 {
		t.Errorf("when it ended, more was on stdout than the URL: %q", out)
	}
}

// TestSecondRunBuildsNothing: what is built and packed stays as it is, and the
// app is up in a fraction of the time.
func TestSecondRunBuildsNothing(t *testing.T) {
	b := shop(t)
	before := stamps(t, b.folder)
	s := servePack(t, b.folder)
	s.must(t, get("/about"), http.StatusOK)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	after := stamps(t, b.folder)
	for path, stamp := range before {
		if after[path] != stamp {
			t.Errorf("%s was written again: %s, before %s", path, after[path], stamp)
		}
	}
	if said := s.stderr.String(); !regexp.MustCompile(`(?i)nothing has changed|up to date`).MatchString(said) {
		t.Errorf("stderr does not say that nothing had to be built:\n%s", said)
	}
	if s.took*3 > b.took {
		t.Errorf("the second run was up in %s, building and packing took %s", s.took, b.took)
	}
}

// stamps gives size and time of everything built and packed.
func stamps(t *testing.T, app string) map[string]string {
	t.Helper()
	found := make(map[string]string)
	for _, part := range []string{".next/BUILD_ID", ".pack/build.json", ".pack/deployments"} {
		err := filepath.WalkDir(filepath.Join(app, part), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			st, err := d.Info()
			if err == nil {
				found[path] = st.ModTime().String()
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(found) < 3 {
		t.Fatalf("nothing is packed: %v", found)
	}
	return found
}

func TestPortInUse(t *testing.T) {
	alone(t)
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	stdout, stderr, code := runPack(t, "serve", shop(t).folder, "--port", port)
	if code != 1 || stdout != "" || !strings.Contains(stderr, "port "+port+" is in use") || !strings.Contains(stderr, "--port") {
		t.Errorf("with a port in use: exit %d, stdout %q, stderr:\n%s", code, stdout, stderr)
	}
}

func TestWrongUse(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"serve", filepath.Join(empty, "nowhere")}, 1, "no such folder"},
		{[]string{"serve", empty}, 1, "package.json"},
		{[]string{"serve", empty, "--port", "many"}, 2, "port"},
		{[]string{"serve", empty, "--no-such-flag"}, 2, "no-such-flag"},
		{[]string{"serve", empty, empty}, 2, ""},
		{[]string{"build", "--no-build", empty}, 1, "no build"},
		{[]string{"inspect", empty}, 1, "pack build"},
		{[]string{"no-such-command"}, 2, "no-such-command"},
	} {
		stdout, stderr, code := runPack(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.says) || stdout != "" {
			t.Errorf("pack %s: exit %d, want %d and %q on stderr\nstdout: %q\nstderr: %s", strings.Join(c.args, " "), code, c.code, c.says, stdout, stderr)
		}
	}
}

// runPack runs a command to its end.
func runPack(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := packCommand(root, args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// TestStateSurvivesRestarts, unless it is told to forget.
func TestStateSurvivesRestarts(t *testing.T) {
	b := shop(t)
	const page = "/products/clay-cake-stand"
	s := servePack(t, b.folder, "--fresh")
	if a := s.must(t, get(page), http.StatusOK); cached(a) != "MISS" {
		t.Errorf("with --fresh the first answer is a %s", cached(a))
	}
	first := s.must(t, get(page), http.StatusOK)
	refresh(t, s, `{"tag":"product:tide-bowl","mode":"now"}`)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	began := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	s = servePack(t, b.folder)
	if a := s.must(t, get(page), http.StatusOK); cached(a) == "MISS" || renderedAt(t, a) != renderedAt(t, first) {
		t.Errorf("after a restart the page is a %s of %s, want the one of %s", cached(a), renderedAt(t, a), renderedAt(t, first))
	}
	if a := s.must(t, get("/products/tide-bowl"), http.StatusOK); renderedAt(t, a) < began {
		t.Errorf("a tag that expired before the restart is forgotten: the page is that of %s", renderedAt(t, a))
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	s = servePack(t, b.folder, "--fresh")
	if a := s.must(t, get(page), http.StatusOK); cached(a) != "MISS" {
		t.Errorf("after --fresh the page is still a %s", cached(a))
	}
}

// TestVersion and the other results are on stdout.
func TestVersion(t *testing.T) {
	stdout, stderr, code := runPack(t, "version")
	if code != 0 || !strings.Contains(stdout, "pack") {
		t.Errorf("pack version: exit %d, stdout %q, stderr %q", code, stdout, stderr)
	}
	if _, err := os.Stat(filepath.Join(shop(t).folder, ".pack")); err != nil {
		t.Error(err)
	}
	stdout, _, code = runPack(t, "inspect", shop(t).folder)
	if code != 0 || !strings.Contains(stdout, "products-slug") || !strings.Contains(stdout, "/products/dune-mug") {
		t.Errorf("pack inspect: exit %d, stdout:\n%s", code, stdout)
	}
}
