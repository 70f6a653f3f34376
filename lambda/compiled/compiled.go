// Package compiled keeps what one instance of a function has compiled
// (lambda/node/compiled.cjs) for the next ones, as one object. The first instance
// writes it behind its first answer, later ones fetch it while their Node process
// starts.
//
// V8's code is good for the very Node that made it, which a managed runtime
// replaces under a function's feet: so it can't be shipped with a function, and
// its key names the program.
package compiled

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"strconv"
	"time"

	"pack/s3cache"
)

// Prefix is what the keys of all objects begin with.
const Prefix = "compiled/"

// maxBytes bounds what is kept of one function: many times what those of a real
// app were seen to have.
const maxBytes = 64 << 20

// fetchLimit bounds the fetching on a whole processor: the Node process waits for
// it, and can compile everything itself in little more.
const fetchLimit = 250 * time.Millisecond

// Cache is the compiled code of one function. Its methods may be called by any
// number of goroutines.
type Cache struct {
	// Objects keeps it under Key.
	Objects s3cache.Store
	Key     string
	// Any is where the code of whichever version was the last to keep some is, for
	// the first instance of a new one: most of its modules are what they were. Empty:
	// nowhere.
	Any string
	// Share is the part of a processor that the function has, which makes fetching
	// and compiling as slow; 0 is a whole one.
	Share float64
}

// AnyVersion stands for a version in the Key of a Cache's Any.
const AnyVersion = "any"

// Key names a function's code: that of a version, and of the Node program at that
// path. Where there is no such program, no Node will look at it either.
func Key(function, version, program string) string {
	key := Prefix + function + "/" + version + "/"
	if info, err := os.Stat(program); err == nil {
		key += strconv.FormatInt(info.Size(), 36) + "-" + strconv.FormatInt(info.ModTime().Unix(), 36)
	}
	return key
}

// castagnoli's checksum stands before the code: V8 doesn't look whether what it
// takes is damaged.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Fetch returns what was kept; nil where that is nothing. On a whole processor it is
// over in a quarter of a second.
func (c *Cache) Fetch(ctx context.Context) ([]byte, error) {
	limit := fetchLimit
	if c.Share > 0 && c.Share < 1 {
		limit = time.Duration(float64(limit) / c.Share)
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	object, err := c.Objects.Get(ctx, c.Key, "")
	if errors.Is(err, s3cache.ErrNotFound) && c.Any != "" {
		object, err = c.Objects.Get(ctx, c.Any, "")
	}
	if errors.Is(err, s3cache.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fetch compiled code: %w", err)
	}
	if len(object.Body) < 4 {
		return nil, errors.New("fetch compiled code: it is cut")
	}
	code := object.Body[4:]
	if binary.BigEndian.Uint32(object.Body) != crc32.Checksum(code, castagnoli) {
		return nil, errors.New("fetch compiled code: it is damaged")
	}
	return code, nil
}

// Keep writes code, in the place of what was kept before: for this version and, with
// Any, for new ones.
func (c *Cache) Keep(ctx context.Context, code []byte) error {
	if len(code) > maxBytes {
		return fmt.Errorf("keep compiled code: more than %d bytes", maxBytes)
	}
	sum := binary.BigEndian.AppendUint32(nil, crc32.Checksum(code, castagnoli))
	body := bytes.Join([][]byte{sum, code}, nil)
	for _, key := range []string{c.Key, c.Any} {
		if key == "" {
			continue
		}
		if _, err := c.Objects.Put(ctx, key, body, s3cache.Condition{}); err != nil {
			return fmt.Errorf("keep compiled code: %w", err)
		}
	}
	return nil
}
