package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// name is a message's file name: what deciding needs, so that no file is opened
// for it. Names sort in the order of sending.
type name struct {
	// sequence orders the messages of the queue.
	sequence int64
	// visible is when the message may be received, milliseconds since 1970.
	visible int64
	// receives is how often it was received.
	receives int
	// group is a hash of the message's group, empty without one.
	group string
	id    string
}

func (n name) String() string {
	return fmt.Sprintf("%016x_%012x_%d_%s_%s", n.sequence, n.visible, n.receives, n.group, n.id)
}

// receipt names one delivery. It stays the same when the message is deferred.
func (n name) receipt() string { return n.id + "." + strconv.Itoa(n.receives) }

func parseName(text string) (name, bool) {
	fields := strings.Split(text, "_")
	if len(fields) != 5 {
		return name{}, false
	}
	sequence, err1 := strconv.ParseInt(fields[0], 16, 64)
	visible, err2 := strconv.ParseInt(fields[1], 16, 64)
	receives, err3 := strconv.Atoi(fields[2])
	return name{sequence, visible, receives, fields[3], fields[4]}, err1 == nil && err2 == nil && err3 == nil
}

// listing returns the file names in a folder of messages, in the order of
// sending where sorted. They are not parsed: of many, few matter.
func listing(folder string, sorted bool) ([]string, error) {
	d, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	texts, err := d.Readdirnames(-1)
	if sorted {
		slices.Sort(texts)
	}
	return texts, err
}

// list returns the names in a folder of messages, in the order of sending.
func list(folder string) ([]name, error) {
	texts, err := listing(folder, true)
	if err != nil {
		return nil, err
	}
	names := make([]name, 0, len(texts))
	for _, text := range texts {
		if n, ok := parseName(text); ok {
			names = append(names, n)
		}
	}
	return names, nil
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// content is what a message's file holds.
type content struct {
	Body          string `json:"body"`
	Group         string `json:"group,omitempty"`
	Deduplication string `json:"deduplication,omitempty"`
	// Sent is in milliseconds since 1970.
	Sent int64 `json:"sent"`
}

func (c content) sent() time.Time { return time.UnixMilli(c.Sent) }

func readContent(folder string, n name) (content, error) {
	var c content
	raw, err := os.ReadFile(filepath.Join(folder, n.String()))
	if err != nil {
		return c, err
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		return c, fmt.Errorf("message %s: %w", n.id, err)
	}
	return c, nil
}
