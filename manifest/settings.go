package manifest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Defaults that hold where neither settings nor route say anything.
const (
	// DefaultMemory is in MB. Lambda gives CPU in proportion to memory: a
	// whole one at 1769 MB.
	DefaultMemory = 1024
	// DefaultMaxDuration is in seconds: Vercel's.
	DefaultMaxDuration = 300
	// DefaultGatewayMemory is in MB. The gateway takes 40 of them and waits most of the
	// time: for S3, DynamoDB and functions, at half the price of 1024. It gets 5.8 ms of
	// a CPU in every 20, of which a hit takes less than half of one, and the first hit of
	// an instance, with two TLS handshakes, less than five.
	DefaultGatewayMemory = 512
	// DefaultImageMemory is in MB: decoding a large picture takes most of it.
	DefaultImageMemory = 1769
	// DefaultImageDuration is in seconds.
	DefaultImageDuration = 60
	// DefaultRegion is used when the caller gives no other.
	DefaultRegion = "us-east-1"
)

// Grouping says how outputs become functions.
type Grouping string

const (
	// GroupByRoute makes one function per route. The zero value means it too.
	GroupByRoute Grouping = "route"
	// GroupAuto merges routes whose settings agree, up to the size limits.
	GroupAuto Grouping = "auto"
)

// Settings is what the owner wrote in pack.json and vercel.json, and what the
// caller knows of the account. The zero value means the defaults.
//
// What is said of a route goes before what is said of all, and pack.json goes
// before the app, the app before vercel.json:
//  1. pack.json functions
//  2. the route's own maxDuration and preferredRegion
//  3. vercel.json functions
//  4. pack.json's own memory, maxDuration, regions, architecture
//  5. vercel.json regions
//  6. DefaultRegion and the defaults of this package
type Settings struct {
	// DefaultRegion holds where no setting names a region; empty means
	// us-east-1.
	DefaultRegion string
	// AllowRegions are taken whatever Lacking says of them.
	AllowRegions []string
	// LayerSize is the unzipped size in bytes of the layers that every route
	// function gets: it counts against Lambda's limit.
	LayerSize int64
	// Pack is pack.json, Vercel is vercel.json; zero when there is none.
	Pack   PackSettings
	Vercel VercelSettings
}

// SettingsFiles is what settings are made from, as it was read.
type SettingsFiles struct {
	// pack and vercel are the files' contents; nil when there is none.
	pack, vercel []byte
	// allowed is AllowRegionsVariable's value.
	allowed string
}

// ReadSettings reads pack.json and vercel.json of the app's folder, and what the
// environment says of them. A missing file means no settings.
func ReadSettings(dir string) (SettingsFiles, error) {
	f := SettingsFiles{allowed: os.Getenv(AllowRegionsVariable)}
	var err error
	if f.pack, err = os.ReadFile(filepath.Join(dir, "pack.json")); err == nil || errors.Is(err, fs.ErrNotExist) {
		f.vercel, err = os.ReadFile(filepath.Join(dir, "vercel.json"))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return SettingsFiles{}, fmt.Errorf("read settings: %w", err)
	}
	return f, nil
}

// Digest is another one for other contents, and for a file that is missing.
func (f SettingsFiles) Digest() string {
	h := sha256.New()
	for _, content := range [][]byte{f.pack, f.vercel, []byte(f.allowed)} {
		fmt.Fprintf(h, "%t %d\n", content != nil, len(content))
		h.Write(content)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Parse gives the settings. A mistake in a file is a *UserError.
func (f SettingsFiles) Parse() (s Settings, err error) {
	if f.allowed != "" {
		s.AllowRegions = strings.Split(f.allowed, ",")
	}
	if f.pack != nil {
		s.Pack, err = ParsePackJSON(f.pack, "pack.json")
	}
	if err == nil && f.vercel != nil {
		s.Vercel, err = ParseVercelJSON(f.vercel, "vercel.json")
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read settings: %w", err)
	}
	return s, nil
}

// LoadSettings is ReadSettings and Parse.
func LoadSettings(dir string) (Settings, error) {
	f, err := ReadSettings(dir)
	if err != nil {
		return Settings{}, err
	}
	return f.Parse()
}

// objectEntries gives the members of a JSON object in their order. Its errors
// give line and column.
func objectEntries(data []byte) ([]entry, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	t, err := dec.Token()
	if err != nil {
		return nil, jsonPosition(data, err)
	}
	if t != json.Delim('{') {
		return nil, fmt.Errorf("it must be an object, and is %s", abridged(data))
	}
	var entries []entry
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return nil, jsonPosition(data, err)
		}
		var e entry
		e.key = t.(string) // a key, since Token checks the grammar
		if err := dec.Decode(&e.value); err != nil {
			return nil, jsonPosition(data, err)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, jsonPosition(data, err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is something after the closing brace")
	}
	return entries, nil
}

func jsonPosition(data []byte, err error) error {
	var s *json.SyntaxError
	if !errors.As(err, &s) {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return errors.New("it ends in the middle")
		}
		return err
	}
	before := data[:min(int(s.Offset), len(data))]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := len(before) - (bytes.LastIndexByte(before, '\n') + 1)
	return fmt.Errorf("line %d, column %d: %w", line, max(1, column), err)
}
