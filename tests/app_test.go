package tests_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// built is the shop, built and packed once for all tests.
type built struct {
	// folder holds the app with .pack; next the same build for `next start`.
	folder, next string
	// took is how long `pack build` was at it; said is what it wrote.
	took time.Duration
	said string
	// id is Next's build id.
	id string
}

var theApp = sync.OnceValues(func() (*built, error) {
	b := &built{folder: filepath.Join(root, "shop"), next: filepath.Join(root, "next-start")}
	for _, folder := range []string{b.folder, b.next} {
		if err := copySource(folder); err != nil {
			return nil, err
		}
		if err := install(folder); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	said, err := packBuild(b.folder)
	if err != nil {
		return nil, err
	}
	b.took, b.said = time.Since(began), said
	if err := copyBuild(b.folder, b.next, ".next"); err != nil {
		return nil, err
	}
	id, err := os.ReadFile(filepath.Join(b.folder, ".next", "BUILD_ID"))
	b.id = string(id)
	return b, err
})

// shop gives the built app.
func shop(t testing.TB) *built {
	t.Helper()
	b, err := theApp()
	if err != nil {
		t.Fatalf("the shop could not be built and packed: %v", err)
	}
	return b
}

// packBuild runs `pack build` and returns what it wrote to stderr.
func packBuild(folder string, args ...string) (string, error) {
	return packBuildBy(packCommand(folder, append([]string{"build"}, args...)...))
}

// packBuildBy runs a `pack build` that was prepared.
func packBuildBy(cmd *exec.Cmd) (string, error) {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return said.String(), fmt.Errorf("pack build: %w\n%s", err, said.String())
	}
	return said.String(), nil
}

// packCommand is pack run in a folder.
func packCommand(folder string, args ...string) *exec.Cmd {
	cmd := exec.Command(packBinary, args...)
	cmd.Dir = folder
	cmd.Env = environment()
	return cmd
}

// environment is that of everything these tests start: this one's, without
// what would change the build or the shop, with a cache of pack's that nobody
// else uses, and with the folder by which processes left behind are found.
func environment(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		name, _, _ := strings.Cut(kv, "=")
		switch name {
		case "XDG_CACHE_HOME", "GOCACHE", "NODE_ENV", "NODE_OPTIONS", "PORT", "HOSTNAME", "ORDER_LOG", "REVALIDATE_TOKEN", "SESSION_SECRET", "TMPDIR":
			return true
		}
		return strings.HasPrefix(name, "NEXT_") || strings.HasPrefix(name, "AWS_") || strings.HasPrefix(name, "PACK_")
	})
	env = append(env, "TESTS_FOLDER="+root, "XDG_CACHE_HOME="+filepath.Join(root, "cache"), "GOCACHE="+compiled, "TMPDIR="+filepath.Join(root, "tmp"), "NEXT_TELEMETRY_DISABLED=1", "NO_COLOR=1")
	return append(env, more...)
}
