package tests_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// fixtures are the apps of tests/fixtures that a test has asked for, each built
// and packed once.
var fixtures sync.Map // name -> func() (*built, error)

// fixture gives the built app of that name.
func fixture(t testing.TB, name string) *built {
	t.Helper()
	once, _ := fixtures.LoadOrStore(name, sync.OnceValues(func() (*built, error) { return buildFixture(name) }))
	b, err := once.(func() (*built, error))()
	if err != nil {
		t.Fatalf("the fixture %s could not be built and packed: %v", name, err)
	}
	return b
}

// buildFixture builds and packs an app of tests/fixtures, and makes a copy of
// the build for `next start`. While it is built it reaches an upstream.
func buildFixture(name string) (*built, error) {
	b := &built{folder: filepath.Join(root, name), next: filepath.Join(root, name+"-next-start")}
	for _, folder := range []string{b.folder, b.next} {
		if err := copyTree(filepath.Join("fixtures", name), folder, copyFile, "node_modules", ".next", ".pack"); err != nil {
			return nil, err
		}
		if err := install(folder); err != nil {
			return nil, err
		}
	}
	u := startUpstream()
	defer u.close()
	cmd := packCommand(b.folder, "build")
	cmd.Env = append(cmd.Env, "UPSTREAM="+u.address("build"))
	var err error
	if b.said, err = packBuildBy(cmd); err != nil {
		return nil, err
	}
	dist := ".next"
	if _, err := os.Stat(filepath.Join(b.folder, "build", "BUILD_ID")); err == nil {
		dist = "build" // Its next.config says so.
	}
	if err := copyBuild(b.folder, b.next, dist); err != nil {
		return nil, err
	}
	id, err := os.ReadFile(filepath.Join(b.folder, dist, "BUILD_ID"))
	b.id = string(id)
	return b, err
}

// fixturePair starts `next start` and `pack serve` on a fixture, with nothing
// but the pages of the build; both end with the test. Arguments are those of
// pack serve.
func fixturePair(t *testing.T, name string, args ...string) (*pair, *built) {
	t.Helper()
	b := fixture(t, name)
	alone(t)
	p := &pair{}
	for _, start := range []func() (*server, error){
		func() (s *server, err error) {
			p.pack, err = launchPack(b.folder, append(args, "--fresh")...)
			return p.pack, err
		},
		func() (s *server, err error) { p.next, err = launchNext(b.next); return p.next, err },
	} {
		s, err := start()
		if s != nil {
			t.Cleanup(func() { s.endWith(t) })
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return p, b
}
