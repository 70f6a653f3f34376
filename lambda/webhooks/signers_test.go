package webhooks_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// signed is a request as tests/webhooks/sign.js gives it.
type signed struct {
	Sender, By, Secret, Target, Body string
	Headers                          map[string]string
	Timed                            bool
}

// bodies are what senders may send: also what is easily changed on the way
// into a string and out of it again.
var bodies = []string{
	`{"_type":"product","slug":{"current":"dune-mug"}}`,
	"{\n  \"name\": \"Krüge & Töpfe 🏺 <b>\u2028\u2029</b>\",\r\n\t\"quote\": \"\\\" \\\\ \\u0001\"\n}\n",
	`{"long":"` + strings.Repeat("ö", 100_000) + `"}`,
}

// messages are what was signed, once for all tests.
var messages []signed

// signAll has every sender's own code sign every body.
func signAll(t *testing.T, now time.Time) []signed {
	t.Helper()
	if messages != nil {
		return messages
	}
	dir := filepath.Join("..", "..", "tests", "webhooks")
	install(t, dir)
	input, err := json.Marshal(bodies)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "sign.js", strconv.FormatInt(now.UnixMilli(), 10))
	command.Dir = dir
	command.Stdin = bytes.NewReader(input)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("sign.js: %v\n%s", err, stderr.String())
	}
	if err := json.Unmarshal(out, &messages); err != nil {
		t.Fatal(err)
	}
	return messages
}

// install installs what package-lock.json pins, unless it is there.
func install(t *testing.T, dir string) {
	t.Helper()
	lock, err := os.ReadFile(filepath.Join(dir, "package-lock.json"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(lock)
	want := hex.EncodeToString(sum[:])
	stamp := filepath.Join(dir, "node_modules", ".installed")
	if got, err := os.ReadFile(stamp); err == nil && string(got) == want {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("npm ci in %s: %v\n%s", dir, err, out)
	}
	if err := os.WriteFile(stamp, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (s signed) String() string { return fmt.Sprintf("%s (%s), %d bytes", s.Sender, s.By, len(s.Body)) }

// hexMAC signs as GitHub does.
func hexMAC(secret, body string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil))
}
