package s3cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Directory is a Store in a directory of one machine's file system, shared by any number
// of processes, any of which may be stopped or killed at any moment.
//
// An object is one file, named by the SHA-256 of its key, so that no key is too long,
// hides another, or meets a file system that ignores case; the key is kept inside. A
// write fills a temporary file and renames it, and readers take no lock: what they open
// stays whole. Conditions are judged under a lock on one of 256 shards, held for the few
// microseconds of a stat and a rename; the kernel frees it when its holder is killed. A
// process stopped in just that moment makes writes to its shard fail after lockPatience,
// until it is continued or killed; reads go on.
//
// Nothing is synced to disk: after a power failure the newest objects may be gone or
// damaged, which is a miss.
type Directory struct {
	root string
	temp temporaries
}

// A file of an object: directoryMagic, the key's length (4 bytes, big-endian), the key,
// the body.
const directoryMagic = "PCKO"

const directoryFixed = len(directoryMagic) + 4

// OpenFolder opens the two directory implementations side by side: the store
// in path/pages, the tags in path/tags.
func OpenFolder(path string) (*Directory, *TagDirectory, error) {
	store, err := OpenDirectory(filepath.Join(path, "pages"))
	if err != nil {
		return nil, nil, err
	}
	tags, err := OpenTagDirectory(filepath.Join(path, "tags"))
	return store, tags, err
}

// OpenDirectory opens the store in the directory path, which is made if need be, and
// removes what killed writers left. It need not be closed.
func OpenDirectory(path string) (*Directory, error) {
	if err := os.MkdirAll(filepath.Join(path, "objects"), 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	d := &Directory{root: path, temp: temporaries{path: filepath.Join(path, "temp")}}
	if err := os.MkdirAll(d.temp.path, 0o755); err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	d.temp.sweep(time.Now())
	return d, nil
}

// file returns the shard directory and the file of a key.
func (d *Directory) file(key string) (shard, path string) {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:])
	shard = d.root + "/objects/" + name[:2]
	return shard, shard + "/" + name[2:]
}

// Get implements Store. With a known ETag that still holds it is one stat(2).
func (d *Directory) Get(ctx context.Context, key, known string) (*Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	shard, path := d.file(key)
	if known != "" {
		stat, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNotFound
		}
		if err == nil && fileETag(stat) == known {
			return nil, ErrNotModified
		}
	}
	object, stored, err := readObject(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFound
	case errors.Is(err, errDamaged):
		// A power failure left it. Out of the way, if it is still that one.
		removal := d.locked(ctx, shard, path, IfMatch(object.ETag), func() error { return os.Remove(path) })
		if removal != nil && !errors.Is(removal, ErrConflict) {
			return nil, fmt.Errorf("remove damaged object %s: %w", key, removal)
		}
		return nil, ErrNotFound
	case err != nil:
		return nil, fmt.Errorf("get %s: %w", key, err)
	case stored != key:
		return nil, fmt.Errorf("get %s: its file holds %s", key, stored)
	}
	if object.ETag == known { // replaced and put back between the two looks: cannot be
		return nil, ErrNotModified
	}
	return object, nil
}

var errDamaged = errors.New("damaged object")

// readObject reads a file. With errDamaged only the ETag is set.
func readObject(path string) (*Object, string, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return nil, "", err
	}
	object := &Object{ETag: fileETag(stat), Modified: stat.ModTime()}
	content := make([]byte, stat.Size())
	if _, err := io.ReadFull(file, content); err != nil {
		return nil, "", err
	}
	key, body, ok := splitObject(content)
	if !ok {
		return object, "", errDamaged
	}
	object.Body = body
	return object, key, nil
}

func splitObject(content []byte) (key string, body []byte, ok bool) {
	if len(content) < directoryFixed || !bytes.HasPrefix(content, []byte(directoryMagic)) {
		return "", nil, false
	}
	length := int64(binary.BigEndian.Uint32(content[len(directoryMagic):]))
	if length > int64(len(content)-directoryFixed) {
		return "", nil, false
	}
	end := directoryFixed + int(length)
	return string(content[directoryFixed:end]), content[end:], true
}

// Put implements Store.
func (d *Directory) Put(ctx context.Context, key string, body []byte, condition Condition) (string, error) {
	if key == "" {
		return "", errors.New("put: the key is empty")
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	shard, path := d.file(key)
	// A process stopped for long finds its temporary file swept: it starts again.
	for attempt := 0; ; attempt++ {
		etag, err := d.put(ctx, shard, path, key, body, condition)
		if err == nil || errors.Is(err, ErrConflict) {
			return etag, err
		}
		if attempt == 2 || !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("put %s: %w", key, err)
		}
		if err := os.MkdirAll(shard, 0o755); err != nil {
			return "", fmt.Errorf("put %s: %w", key, err)
		}
	}
}

func (d *Directory) put(ctx context.Context, shard, path, key string, body []byte, condition Condition) (string, error) {
	header := make([]byte, 0, directoryFixed+len(key))
	header = append(header, directoryMagic...)
	header = binary.BigEndian.AppendUint32(header, uint32(len(key)))
	header = append(header, key...)
	temp, stat, err := d.temp.write(header, body)
	if err != nil {
		return "", err
	}
	err = d.locked(ctx, shard, path, condition, func() error { return os.Rename(temp, path) })
	if err != nil {
		os.Remove(temp)
		return "", err
	}
	return fileETag(stat), nil
}

// Delete implements Store.
func (d *Directory) Delete(ctx context.Context, key string, condition Condition) error {
	if condition.Absent() {
		return errors.New("delete: IfAbsent makes no sense")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	shard, path := d.file(key)
	err := d.locked(ctx, shard, path, condition, func() error { return os.Remove(path) })
	if errors.Is(err, fs.ErrNotExist) {
		if _, conditional := condition.Match(); conditional {
			return ErrConflict
		}
		return nil
	}
	if err != nil && !errors.Is(err, ErrConflict) {
		return fmt.Errorf("delete %s: %w", key, err)
	}
	return err
}

// locked runs change if the condition holds for the file at path, under its shard's lock.
func (d *Directory) locked(ctx context.Context, shard, path string, condition Condition, change func() error) error {
	unlock, err := lock(ctx, shard, syscall.LOCK_EX)
	if err != nil {
		return err
	}
	defer unlock()
	match, conditional := condition.Match()
	if conditional || condition.Absent() {
		stat, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if conditional {
				return ErrConflict
			}
		case err != nil:
			return err
		case condition.Absent() || fileETag(stat) != match:
			return ErrConflict
		}
	}
	return change()
}

// List implements Store. It opens every object of the store, so it is for the rare
// moments that need it.
func (d *Directory) List(ctx context.Context, prefix string) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		items, err := d.items(ctx, prefix)
		if err != nil {
			yield(Item{}, fmt.Errorf("list %s: %w", prefix, err))
			return
		}
		for _, item := range items {
			if err := ctx.Err(); err != nil {
				yield(Item{}, err)
				return
			}
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (d *Directory) items(ctx context.Context, prefix string) ([]Item, error) {
	var items []Item
	err := filepath.WalkDir(filepath.Join(d.root, "objects"), func(path string, file fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil || file.IsDir() {
			return err
		}
		item, err := readItem(path)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errDamaged) {
			return nil // deleted meanwhile, or no object
		}
		if err == nil && strings.HasPrefix(item.Key, prefix) {
			items = append(items, item)
		}
		return err
	})
	slices.SortFunc(items, func(a, b Item) int { return strings.Compare(a.Key, b.Key) })
	return items, err
}

// readItem reads an object's key without its body.
func readItem(path string) (Item, error) {
	file, err := os.Open(path)
	if err != nil {
		return Item{}, err
	}
	defer file.Close()
	stat, err := file.Stat()
	if err != nil {
		return Item{}, err
	}
	start := make([]byte, min(stat.Size(), 4096))
	if _, err := io.ReadFull(file, start); err != nil {
		return Item{}, err
	}
	key, _, ok := splitObject(start)
	if !ok {
		return Item{}, errDamaged
	}
	size := stat.Size() - int64(directoryFixed+len(key))
	return Item{Key: key, ETag: fileETag(stat), Size: size, Modified: stat.ModTime()}, nil
}
