package tests_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// How often each kind of process is killed: 50 times altogether.
const (
	idleKills  = 6
	childKills = 18
	serveKills = 14
	packKills  = 10
	buildKills = 2
)

// TestKilledAtRandomMoments: kill -9 of a Node child, of `pack serve` and of
// `pack build` leaves nothing corrupt and nobody behind.
func TestKilledAtRandomMoments(t *testing.T) {
	c := freshClone(t)
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	t.Run("idle Node children", func(t *testing.T) { killIdleChildren(t, c.folder) })
	t.Run("Node children", func(t *testing.T) { killChildren(t, c.folder, random) })
	t.Run("pack serve", func(t *testing.T) { killServers(t, c.folder, random) })
	t.Run("pack build", func(t *testing.T) { killBuilds(t, c.folder, random) })
}

// killIdleChildren kills the Node process of an instance between two requests,
// neither of which may notice.
func killIdleChildren(t *testing.T, app string) {
	s := servePack(t, app)
	function := deployment(t).functionOf(t, "/api/preferences")
	for range idleKills {
		s.must(t, get("/api/preferences"), http.StatusOK)
		s.frozen(t, function)
		if err := s.routeNode(t, function).kill(); err != nil {
			t.Fatal(err)
		}
		if a, err := s.send(get("/api/preferences")); err != nil || a.status != http.StatusOK {
			t.Errorf("a request after its function's idle Node process was killed: %v, %+v", err, a)
		}
	}
}

// cutOff are the complaints about a request whose function was killed.
var cutOff = regexp.MustCompile(`status 502, want|broken off: |EOF|connection reset`)

// killChildren kills Node processes while requests are under way.
func killChildren(t *testing.T, app string, random *rand.Rand) {
	s := servePack(t, app, "--fresh")
	client := visitor(8)
	defer client.CloseIdleConnections()
	allRight(t, client, s)
	stop := make(chan struct{})
	var all sync.WaitGroup
	for c := range 4 {
		clientRandom := rand.New(rand.NewPCG(random.Uint64(), uint64(c)))
		all.Go(func() {
			for i := int64(0); ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				v := visits()[clientRandom.IntN(len(visits()))]
				if complaint := v.once(client, s.url, int64(c)*1000+i); complaint != "" && !cutOff.MatchString(complaint) {
					t.Errorf("while children are killed: %s: %s", v.name, complaint)
				}
			}
		})
	}
	for range childKills {
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond) // The moment is to be random.
		if children := nodes(t, s.cmd.Process.Pid); len(children) > 0 {
			_ = children[random.IntN(len(children))].kill()
		}
	}
	close(stop)
	all.Wait()
	allRight(t, client, s)
}

// allRight makes every kind of visit, and fails for every wrong answer.
func allRight(t *testing.T, client *http.Client, s *server) {
	t.Helper()
	for i, v := range visits() {
		complaint := v.once(client, s.url, int64(i))
		if strings.Contains(complaint, "Timeout exceeded") {
			t.Fatalf("%s: %s", v.name, complaint)
		}
		if complaint != "" {
			t.Errorf("%s: %s", v.name, complaint)
		}
	}
	for _, slug := range append(builtProducts[:len(builtProducts):len(builtProducts)], onDemandProducts...) {
		page, payload := get("/products/"+slug), get("/products/"+slug+"?_rsc", "RSC: 1")
		eventually(t, 20*time.Second, func() string {
			one, other := renderedAt(t, s.must(t, page, http.StatusOK)), renderedAt(t, s.must(t, payload, http.StatusOK))
			if one != other {
				return fmt.Sprintf("%s: HTML of %s and payload of %s", slug, one, other)
			}
			return ""
		})
	}
}

// killServers kills `pack serve` at any moment of its start and of its work.
func killServers(t *testing.T, app string, random *rand.Rand) {
	client := visitor(8)
	defer client.CloseIdleConnections()
	for range serveKills {
		s := packServe(app)
		if err := s.start(wholeLine); err != nil {
			t.Fatal(err)
		}
		end := time.AfterFunc(time.Duration(random.IntN(2500))*time.Millisecond, func() { _ = s.cmd.Process.Signal(syscall.SIGKILL) })
		if s.await(startPatience) == nil {
			writeUntilEnd(client, s, random)
		}
		<-s.ended
		end.Stop()
		if left := lingering(s.mark, 10*time.Second); len(left) > 0 {
			t.Fatalf("kill -9 of pack serve left processes behind: %v", left)
		}
	}
	allRight(t, client, servePack(t, app))
}

// writeUntilEnd keeps the page store busy until the server is gone.
func writeUntilEnd(client *http.Client, s *server, random *rand.Rand) {
	var all sync.WaitGroup
	for c := range 3 {
		clientRandom := rand.New(rand.NewPCG(random.Uint64(), uint64(c)))
		all.Go(func() {
			for {
				select {
				case <-s.ended:
					return
				default:
				}
				slug := onDemandProducts[clientRandom.IntN(len(onDemandProducts))]
				_, _ = s.send(get("/products/" + slug))
				_, _ = s.send(post("/api/refresh?secret="+refreshToken, `{"tag":"product:`+slug+`","mode":"now"}`, "Content-Type: application/json"))
			}
		})
	}
	all.Wait()
}

// killBuilds kills `pack build` while it packs, and while Next builds.
func killBuilds(t *testing.T, app string, random *rand.Rand) {
	for i := range packKills + buildKills {
		args, window := []string{"build", "--no-build", "--force"}, 1500
		if i >= packKills {
			args, window = []string{"build", "--force"}, 9000
		}
		b := command("pack build", app, packBinary, args...)
		if err := b.start(wholeLine); err != nil {
			t.Fatal(err)
		}
		end := time.AfterFunc(time.Duration(random.IntN(window))*time.Millisecond, b.kill)
		<-b.ended
		end.Stop()
		if left := lingering(b.mark, 10*time.Second); len(left) > 0 {
			t.Fatalf("kill -9 of pack %v left processes behind: %v", args, left)
		}
		if _, err := inspect(app); err != nil {
			t.Fatalf("after kill -9 of pack %v the earlier output cannot be read: %v", args, err)
		}
	}
	s := packServe(app)
	if err := s.start(wholeLine); err != nil {
		t.Fatal(err)
	}
	defer s.endWith(t)
	if err := s.await(buildPatience); err != nil {
		t.Fatal(err)
	}
	client := visitor(8)
	defer client.CloseIdleConnections()
	allRight(t, client, s)
}
