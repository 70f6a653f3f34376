package s3cache

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"unicode/utf8"
)

// ErrCorrupt is wrapped by DecodeEntry's errors: the bytes are not a whole entry.
var ErrCorrupt = errors.New("corrupt entry")

// The encoding of an entry, version 1; integers are big-endian:
//
//	offset  size  what
//	0       4     "PCKE"
//	4       1     version, 1
//	5       3     zero
//	8       4     length of the header
//	12      n     header: JSON, see entryHeader
//	12+n          the parts' bodies, in the order of the header's part table, no gaps
//	end-4   4     CRC-32C of everything before it
//
// The checksum tells a half-written or damaged object from a whole one. Offsets in the
// part table count from the first body, so that one part can be had by a range request.
const (
	entryMagic   = "PCKE"
	entryVersion = 1
	entryFixed   = 12
	entrySum     = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type entryHeader struct {
	Kind       string              `json:"kind"`
	Status     int                 `json:"status,omitempty"`
	Header     map[string][]string `json:"header,omitempty"`
	Tags       []string            `json:"tags,omitempty"`
	Created    int64               `json:"created"`
	Revalidate *int64              `json:"revalidate,omitempty"`
	Expire     *int64              `json:"expire,omitempty"`
	Parts      []partHeader        `json:"parts,omitempty"`
}

type partHeader struct {
	Name   string `json:"name"`
	Offset int    `json:"offset"`
	Length int    `json:"length"`
	ETag   string `json:"etag"`
}

// Encode returns the entry as one object's bytes. It fails for a part name that occurs
// twice and for strings that are not UTF-8. The entry is not changed.
func (e *Entry) Encode() ([]byte, error) {
	header := entryHeader{
		Kind: e.Kind, Status: e.Status, Header: e.Header, Tags: e.Tags,
		Created: e.Created, Revalidate: e.Revalidate, Expire: e.Expire,
	}
	if err := e.valid(); err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	size := 0
	for _, part := range e.Parts {
		etag := part.ETag
		if etag == "" {
			etag = NextETag(part.Body)
		}
		header.Parts = append(header.Parts, partHeader{part.Name, size, len(part.Body), etag})
		size += len(part.Body)
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, fmt.Errorf("encode entry: %w", err)
	}
	b := make([]byte, 0, entryFixed+len(text)+size+entrySum)
	b = append(b, entryMagic...)
	b = append(b, entryVersion, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(text)))
	b = append(b, text...)
	for _, part := range e.Parts {
		b = append(b, part.Body...)
	}
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli)), nil
}

func (e *Entry) valid() error {
	text := append([]string{e.Kind}, e.Tags...)
	for name, values := range e.Header {
		text = append(append(text, name), values...)
	}
	seen := make(map[string]bool, len(e.Parts))
	for _, part := range e.Parts {
		if seen[part.Name] {
			return fmt.Errorf("part %q occurs twice", part.Name)
		}
		seen[part.Name] = true
		text = append(text, part.Name, part.ETag)
	}
	for _, s := range text {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%q is not UTF-8", s)
		}
	}
	return nil
}

// DecodeEntry reads what Encode wrote. The parts' bodies alias b, which must not change
// afterwards. Every error wraps ErrCorrupt.
func DecodeEntry(b []byte) (*Entry, error) {
	header, bodies, err := splitEntry(b)
	if err != nil {
		return nil, fmt.Errorf("decode entry: %w: %w", ErrCorrupt, err)
	}
	e := &Entry{
		Kind: header.Kind, Status: header.Status, Header: header.Header, Tags: header.Tags,
		Created: header.Created, Revalidate: header.Revalidate, Expire: header.Expire,
	}
	if len(header.Parts) > 0 {
		e.Parts = make([]Part, 0, len(header.Parts))
	}
	next := 0
	for _, part := range header.Parts {
		if part.Offset != next || part.Length < 0 || part.Length > len(bodies)-next {
			return nil, fmt.Errorf("decode entry: %w: part %q lies outside", ErrCorrupt, part.Name)
		}
		if e.Part(part.Name) != nil {
			return nil, fmt.Errorf("decode entry: %w: part %q occurs twice", ErrCorrupt, part.Name)
		}
		next += part.Length
		e.Parts = append(e.Parts, Part{part.Name, bodies[part.Offset:next:next], part.ETag})
	}
	if next != len(bodies) {
		return nil, fmt.Errorf("decode entry: %w: %d bytes belong to no part", ErrCorrupt, len(bodies)-next)
	}
	return e, nil
}

func splitEntry(b []byte) (header entryHeader, bodies []byte, err error) {
	if len(b) < entryFixed+entrySum {
		return header, nil, errors.New("too short")
	}
	if string(b[:4]) != entryMagic || !bytes.Equal(b[5:8], []byte{0, 0, 0}) {
		return header, nil, errors.New("not an entry")
	}
	if b[4] != entryVersion {
		return header, nil, fmt.Errorf("version %d is not known", b[4])
	}
	end := len(b) - entrySum
	if binary.BigEndian.Uint32(b[end:]) != crc32.Checksum(b[:end], castagnoli) {
		return header, nil, errors.New("checksum differs")
	}
	length := uint64(binary.BigEndian.Uint32(b[8:entryFixed]))
	if length > uint64(end-entryFixed) {
		return header, nil, errors.New("header lies outside")
	}
	start := entryFixed + int(length)
	if err := json.Unmarshal(b[entryFixed:start], &header); err != nil {
		return header, nil, fmt.Errorf("header: %w", err)
	}
	return header, b[start:end:end], nil
}
