package manifest_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pack/manifest"
)

var jsonBlock = regexp.MustCompile("(?s)```json\n(.*?)```")

// TestDocumentedWebhooks: what docs/webhooks.md shows can be pasted.
func TestDocumentedWebhooks(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "webhooks.md"))
	must(t, err)
	shown := map[string]bool{}
	for _, block := range jsonBlock.FindAllStringSubmatch(string(text), -1) {
		decoder := json.NewDecoder(strings.NewReader(block[1]))
		for {
			var one json.RawMessage
			if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v in %s", err, block[1])
			}
			file := string(one)
			if !strings.Contains(file, `"webhooks"`) {
				file = `{"webhooks":{"shown":` + file + `}}`
			}
			settings, err := manifest.ParsePackJSON([]byte(file), "pack.json")
			if err != nil {
				t.Errorf("%v\n%s", err, file)
			}
			for _, w := range settings.Webhooks {
				shown[string(w.Sender)] = true
			}
		}
	}
	if len(shown) < 16 {
		t.Errorf("only %d senders are shown: %v", len(shown), shown)
	}
	for sender := range shown {
		if !strings.Contains(string(text), "| `"+sender+"` |") {
			t.Errorf("%s is not in the table", sender)
		}
	}
}
