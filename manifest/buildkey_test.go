package manifest_test

import (
	"strings"
	"testing"

	"pack/manifest"
)

func TestBuildKey(t *testing.T) {
	key := manifest.NewBuildKey()
	if again, err := manifest.ParseBuildKey(key.String() + "\n"); err != nil || again != key {
		t.Errorf("a key that was printed is read as %v, %v", again, err)
	}
	if manifest.NewBuildKey() == key {
		t.Error("two keys are the same")
	}
	for _, text := range []string{"", "abc", key.String()[:20], key.String() + "AAAA"} {
		if _, err := manifest.ParseBuildKey(text); err == nil {
			t.Errorf("%q is taken for a key", text)
		} else if text != "" && strings.Contains(err.Error(), text) {
			t.Errorf("the error shows what may be a key: %v", err)
		}
	}
}
