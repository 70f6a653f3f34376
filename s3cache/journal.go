package s3cache

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
)

// journal is the file that a TagDirectory appends to. A record is one line,
//
//	\n<CRC-32C of the JSON, 8 hex digits> {"tag":[staleAt,expiredAt,expireBy],...}\n
//
// and begins with a line end too, so that it stands alone also behind what a killed
// writer left. Lines with another checksum are skipped.
//
// Appenders share a lock and rewriting excludes them, for otherwise a record could be
// appended to a file that has just been replaced. Both hold it for one write; a rewriter
// never waits for it.
type journal struct {
	path  string
	lock  string
	temp  temporaries
	above atomic.Int64 // size in bytes from which rewriting is tried
}

// rewriteAbove is the size in bytes from which a journal is rewritten, if that at least
// halves it.
const rewriteAbove = 256 << 10

func newJournal(directory string) *journal {
	return &journal{
		path: filepath.Join(directory, "tags.journal"),
		lock: filepath.Join(directory, "tags.lock"),
		temp: temporaries{path: filepath.Join(directory, "temp")},
	}
}

// create makes the journal and its lock unless they are there.
func (j *journal) create() error {
	for _, path := range []string{j.lock, j.path} {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
	return nil
}

// append adds one record, and rewrites the journal when it has grown.
func (j *journal) append(ctx context.Context, updates map[string]Tag) error {
	record, err := encodeRecord(updates)
	if err != nil {
		return err
	}
	size, err := j.write(ctx, record)
	if err == nil && size >= max(rewriteAbove, j.above.Load()) {
		// Housekeeping: the record is in, whatever becomes of this.
		if size, err := j.rewrite(); err == nil {
			j.above.Store(2 * size)
		}
	}
	return err
}

// write appends a record and returns the journal's size.
func (j *journal) write(ctx context.Context, record []byte) (size int64, err error) {
	unlock, err := lock(ctx, j.lock, syscall.LOCK_SH)
	if err != nil {
		return 0, err
	}
	defer unlock()
	file, err := os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.Write(record); err != nil {
		return 0, err
	}
	stat, err := file.Stat()
	if err != nil {
		return 0, err
	}
	return stat.Size(), nil
}

// rewrite replaces the journal by one record if that at least halves it, and returns its
// size. It fails at once while anybody appends.
func (j *journal) rewrite() (size int64, err error) {
	unlock, err := lockNow(j.lock)
	if err != nil {
		return 0, err
	}
	defer unlock()
	content, err := os.ReadFile(j.path)
	if err != nil {
		return 0, err
	}
	marks := map[string]Tag{}
	parseJournal(content, marks)
	record, err := encodeRecord(marks)
	if err != nil || len(record) > len(content)/2 {
		return int64(len(content)), err
	}
	temp, _, err := j.temp.write(record)
	if err != nil {
		return 0, err
	}
	if err := os.Rename(temp, j.path); err != nil {
		os.Remove(temp)
		return 0, err
	}
	return int64(len(record)), nil
}

func encodeRecord(marks map[string]Tag) ([]byte, error) {
	values := make(map[string][3]int64, len(marks))
	for tag, mark := range marks {
		values[tag] = [3]int64{mark.StaleAt, mark.ExpiredAt, mark.ExpireBy}
	}
	text, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "\n%08x %s\n", crc32.Checksum(text, castagnoli), text), nil
}

// parseJournal merges content's records into marks and returns how much of content need
// not be read again: everything before the first line that is not, or not yet, whole.
func parseJournal(content []byte, marks map[string]Tag) (settled int) {
	whole := true
	for offset := 0; offset < len(content); {
		length := bytes.IndexByte(content[offset:], '\n')
		if length < 0 {
			break
		}
		whole = parseRecord(content[offset:offset+length], marks) && whole
		offset += length + 1
		if whole {
			settled = offset
		}
	}
	return settled
}

func parseRecord(line []byte, marks map[string]Tag) bool {
	if len(line) == 0 {
		return true
	}
	if len(line) < 9 {
		return false
	}
	sum, err := strconv.ParseUint(string(line[:8]), 16, 32)
	if err != nil || crc32.Checksum(line[9:], castagnoli) != uint32(sum) {
		return false
	}
	var values map[string][3]int64
	if err := json.Unmarshal(line[9:], &values); err != nil {
		return false
	}
	for tag, value := range values {
		marks[tag] = marks[tag].Merge(Tag{StaleAt: value[0], ExpiredAt: value[1], ExpireBy: value[2]})
	}
	return true
}

// journalReader follows a journal. It keeps the file open, so that its inode cannot
// become another journal's.
type journalReader struct {
	file    *os.File
	stat    os.FileInfo // of the file, when it was read last
	settled int64       // offset before which nothing need be read again
}

// has reports whether the journal, as stat describes it, is the one that was read last.
// Appending changes the size, rewriting the file.
func (r *journalReader) has(stat os.FileInfo) bool {
	return r.stat != nil && os.SameFile(r.stat, stat) && r.stat.Size() == stat.Size()
}

// read returns marks with what the journal has got since they were read; marks itself is
// not changed.
func (r *journalReader) read(path string, marks map[string]Tag) (map[string]Tag, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	stat, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	if r.stat != nil && os.SameFile(r.stat, stat) && stat.Size() >= r.settled {
		file.Close()
	} else {
		// Another journal says everything that the old one said.
		r.close()
		r.file, r.settled, marks = file, 0, nil
	}
	content := make([]byte, stat.Size()-r.settled)
	if _, err := r.file.ReadAt(content, r.settled); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	fresh := maps.Clone(marks)
	if fresh == nil {
		fresh = map[string]Tag{}
	}
	r.settled += int64(parseJournal(content, fresh))
	r.stat = stat
	return fresh, nil
}

func (r *journalReader) close() error {
	if r.file == nil {
		return nil
	}
	err := r.file.Close()
	*r = journalReader{}
	if errors.Is(err, fs.ErrClosed) {
		return nil
	}
	return err
}
