package tests_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shipment asks for a durable job of the shop's.
func shipment(order, more string, header ...string) request {
	body := fmt.Sprintf(`{"order":%q%s}`, order, more)
	return post("/api/shipments", body, append([]string{"Content-Type: application/json", "Prefer: respond-async"}, header...)...)
}

// jobState is what a job's address answers.
type jobState struct {
	ID, State string
	Attempts  int
	Status    int
}

// accepted sends a request for a job and returns the job's address.
func (s *server) accepted(t *testing.T, q request) string {
	t.Helper()
	a := s.must(t, q, http.StatusAccepted)
	location := a.header.Get("Location")
	if a.header.Get("Preference-Applied") != "respond-async" || !strings.HasPrefix(location, "/_pack/jobs/") || a.header.Get("X-Powered-By") != "" {
		t.Fatalf("%s: %v", q, a.header)
	}
	return location
}

// job waits until a job is in a state.
func (s *server) job(t *testing.T, location, state string) jobState {
	t.Helper()
	var now jobState
	eventually(t, 60*time.Second, func() string {
		a := s.must(t, get(location), http.StatusOK)
		if err := json.Unmarshal([]byte(a.body), &now); err != nil {
			return err.Error()
		}
		if now.State != state {
			return fmt.Sprintf("the job is %+v, want it %s", now, state)
		}
		return ""
	})
	return now
}

// pack runs a command of pack's on a server's app and returns what it prints.
func packSays(t *testing.T, folder string, args ...string) string {
	t.Helper()
	cmd := packCommand(folder, args...)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("pack %v: %v", args, err)
	}
	return strings.TrimSpace(string(out))
}

func (s *server) shipped(t *testing.T, order string) int {
	t.Helper()
	text, err := os.ReadFile(s.orders)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Count(string(text), fmt.Sprintf(`"event":"shipment","id":%q`, order))
}

func TestDurableJobs(t *testing.T) {
	s := servePack(t, shop(t).folder, "--fresh")
	t.Run("without the preference it is an ordinary request", func(t *testing.T) {
		a := s.must(t, post("/api/shipments", `{"order":"plain"}`, "Content-Type: application/json"), http.StatusOK)
		if !strings.Contains(a.body, `"shipped":"plain"`) {
			t.Errorf("answer %s", a.body)
		}
	})
	t.Run("other routes take no jobs", func(t *testing.T) {
		a := s.must(t, get("/api/products?q=mug", "Prefer: respond-async"), http.StatusOK)
		if a.header.Get("Preference-Applied") != "" {
			t.Errorf("answer %v", a.header)
		}
	})
	t.Run("tried again until the carrier answers", func(t *testing.T) {
		now := s.job(t, s.accepted(t, shipment("flaky", `,"carrierDown":2`)), "done")
		if now.Attempts != 3 || now.Status != http.StatusOK || s.shipped(t, "flaky") != 1 {
			t.Errorf("job %+v, shipped %d times", now, s.shipped(t, "flaky"))
		}
	})
	t.Run("one job of one key", func(t *testing.T) {
		first := s.accepted(t, shipment("once", "", "Idempotency-Key: once"))
		for range 3 {
			if again := s.accepted(t, shipment("once", "", "Idempotency-Key: once")); again != first {
				t.Errorf("jobs %s and %s of one key", first, again)
			}
		}
		s.must(t, shipment("another", "", "Idempotency-Key: once"), http.StatusUnprocessableEntity)
		s.job(t, first, "done")
		if n := s.shipped(t, "once"); n != 1 {
			t.Errorf("shipped %d times", n)
		}
	})
	t.Run("from the app's own code, after its answer", func(t *testing.T) {
		for range 2 {
			s.must(t, post("/api/parcels", `{"order":"own"}`, "Content-Type: application/json"), http.StatusOK)
		}
		s.orderLogged(t, "shipment", "own")
	})
	t.Run("a delay", func(t *testing.T) {
		asked := time.Now()
		s.job(t, s.accepted(t, shipment("later", "", "Pack-Delay: 3")), "done")
		if took := time.Since(asked); took < 3*time.Second {
			t.Errorf("done after %s", took)
		}
	})
	t.Run("a large body", func(t *testing.T) {
		s.job(t, s.accepted(t, shipment("large", `,"note":"`+strings.Repeat("0123456789", 300_000)+`"`)), "done")
		s.orderLogged(t, "shipment", "large")
	})
	t.Run("given up, and run again by hand", func(t *testing.T) {
		location := s.accepted(t, shipment("hopeless", `,"carrierDown":3`))
		id := strings.TrimPrefix(location, "/_pack/jobs/")
		s.job(t, location, "dead")
		if list := packSays(t, shop(t).folder, "jobs", "list", "--state", "dead"); !strings.Contains(list, id) {
			t.Errorf("pack jobs list --state dead:\n%s", list)
		}
		var shown struct {
			Error   string
			Request struct {
				Route string
				Bytes int
			}
		}
		if err := json.Unmarshal([]byte(packSays(t, shop(t).folder, "jobs", "show", id, "--json")), &shown); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(shown.Error, "The carrier does not answer") || shown.Request.Route != "/api/shipments" || shown.Request.Bytes == 0 {
			t.Errorf("pack jobs show: %+v", shown)
		}
		if said := packSays(t, shop(t).folder, "jobs", "redrive", id); said != id {
			t.Errorf("pack jobs redrive: %s", said)
		}
		s.job(t, location, "dead") // its carrier is down for all three attempts again
		packSays(t, shop(t).folder, "jobs", "discard", "--dead")
		s.must(t, get(location), http.StatusNotFound)
	})
}

// TestJobsSurvive: kill -9 in the middle of a job, and before another was
// begun, loses neither.
func TestJobsSurvive(t *testing.T) {
	folder := shop(t).folder
	s := servePack(t, folder, "--fresh")
	running := s.accepted(t, shipment("cut-off", `,"ms":4000`))
	s.job(t, running, "running")
	waiting := s.accepted(t, shipment("waiting", "", "Pack-Delay: 5"))
	if err := s.cmd.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-s.ended
	again := servePack(t, folder)
	for order, location := range map[string]string{"cut-off": running, "waiting": waiting} {
		again.job(t, location, "done")
		again.orderLogged(t, "shipment", order)
	}
}
