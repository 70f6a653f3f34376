package tests_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestCrons: vercel.json's crons are planned, and made as that platform makes
// them.
func TestCrons(t *testing.T) {
	s := sharedPack(t)
	folder := shop(t).folder
	var list struct {
		Crons []struct{ Path, Schedule, Next string }
	}
	if err := json.Unmarshal([]byte(packSays(t, folder, "crons", "list", "--json")), &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Crons) != 1 || list.Crons[0].Schedule != "0 5 * * *" {
		t.Fatalf("pack crons list: %+v", list)
	}
	if next, err := time.Parse(time.RFC3339, list.Crons[0].Next); err != nil || next.Hour() != 5 || time.Until(next) > 24*time.Hour || time.Until(next) < 0 {
		t.Errorf("due next at %s, %v", list.Crons[0].Next, err)
	}
	s.must(t, get(list.Crons[0].Path), http.StatusUnauthorized)
	id := packSays(t, folder, "crons", "run", list.Crons[0].Path)
	if now := s.job(t, "/_pack/jobs/"+id, "done"); now.Status != http.StatusOK || now.Attempts != 1 {
		t.Errorf("job %+v", now)
	}
	text, err := os.ReadFile(s.orders)
	if err != nil || !strings.Contains(string(text), `"event":"kiln-report","id":"large"`) || !strings.Contains(string(text), `"by":"vercel-cron/1.0"`) {
		t.Errorf("order log: %s, %v", text, err)
	}
	// The secret is the environment's, and in no file of the job's.
	if shown := packSays(t, folder, "jobs", "show", id, "--json"); strings.Contains(shown, "kiln-dev-cron-secret") {
		t.Errorf("the job's request holds the secret: %s", shown)
	}
}
