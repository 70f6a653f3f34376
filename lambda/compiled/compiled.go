// Package compiled keeps what V8 has compiled for a function beyond the life of
// one instance: the folder of Node's module compile cache, as one object in the
// bucket of state. The first instance of a function writes it behind its first
// answer, later ones fetch it while their Node process starts.
//
// A cache is good for the very Node that made it, which a managed runtime
// replaces under a function's feet, and Node ignores every file of another one:
// so a cache can't be shipped with a function, and a wrong one does no harm.
//
// https://nodejs.org/api/module.html#module-compile-cache
package compiled

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"pack/s3cache"
)

// Variable names Node's folder.
const Variable = "NODE_COMPILE_CACHE"

// Prefix is what the keys of all objects begin with.
const Prefix = "compiled/"

// maxBytes bounds what is kept of one cache: many times what a function of a
// real app was seen to have.
const maxBytes = 64 << 20

// minFile is how large a file must be to be kept: a small one saves less than it
// costs to write it down again, beside a Node process that starts.
const minFile = 4 << 10

// fetchLimit bounds the fetching: what comes later is of no use.
const fetchLimit = 3 * time.Second

// Cache is the compile cache of one function's code. Its methods may be called
// by any number of goroutines.
type Cache struct {
	// Objects keeps it under Key; Dir is Node's folder.
	Objects s3cache.Store
	Key     string
	Dir     string

	begin   sync.Once
	fetched chan struct{}
	// found is what was unpacked, by its path below Dir.
	found map[string]stamp

	keep sync.Once
}

// stamp tells whether a file is still what was unpacked.
type stamp struct {
	size     int64
	modified time.Time
}

// Key names a function's cache: those of a version, and of the Node program at
// that path. Where there is no such program, no Node will look at it either.
func Key(function, version, program string) string {
	key := Prefix + function + "/" + version + "/"
	if info, err := os.Stat(program); err == nil {
		key += strconv.FormatInt(info.Size(), 36) + "-" + strconv.FormatInt(info.ModTime().Unix(), 36)
	}
	return key
}

// Fetch begins to fill Dir from the bucket, and returns. Only its first call
// does anything. The Node process need not wait: what it looks for before it is
// there it compiles itself. failed gets what went wrong, but for an absent cache.
func (c *Cache) Fetch(failed func(error)) {
	c.begin.Do(func() {
		c.fetched = make(chan struct{})
		go func() {
			defer close(c.fetched)
			ctx, cancel := context.WithTimeout(context.Background(), fetchLimit)
			defer cancel()
			if err := c.fetch(ctx); err != nil && !errors.Is(err, s3cache.ErrNotFound) {
				failed(fmt.Errorf("fetch compiled code: %w", err))
			}
		}()
	})
}

func (c *Cache) fetch(ctx context.Context) error {
	object, err := c.Objects.Get(ctx, c.Key, "")
	if err != nil {
		return err
	}
	found := make(map[string]stamp)
	files := tar.NewReader(bytes.NewReader(object.Body))
	for {
		head, err := files.Next()
		if err == io.EOF {
			c.found = found
			return nil
		}
		if err != nil {
			return err
		}
		if head.Typeflag != tar.TypeReg || !filepath.IsLocal(head.Name) {
			return fmt.Errorf("%q is no file of a cache", head.Name)
		}
		if found[head.Name], err = c.unpack(head.Name, files); err != nil {
			return err
		}
	}
}

// unpack writes one file. Node checks what it reads: half a file is none.
func (c *Cache) unpack(name string, content io.Reader) (stamp, error) {
	path := filepath.Join(c.Dir, name)
	file, err := os.Create(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
			file, err = os.Create(path)
		}
	}
	if err != nil {
		return stamp{}, err
	}
	_, err = io.Copy(file, content)
	info, failed := file.Stat()
	if err := errors.Join(err, failed, file.Close()); err != nil {
		return stamp{}, err
	}
	return stamp{info.Size(), info.ModTime()}, nil
}

// Keep writes Dir to the bucket if Node has put anything into it that did not
// come from there. Only its first call does anything: make it when Node has
// written what it compiled.
func (c *Cache) Keep(ctx context.Context) (err error) {
	c.keep.Do(func() {
		if c.fetched != nil {
			select {
			case <-c.fetched:
			case <-ctx.Done():
				err = ctx.Err()
				return
			}
		}
		if err = c.write(ctx); err != nil {
			err = fmt.Errorf("keep compiled code: %w", err)
		}
	})
	return err
}

func (c *Cache) write(ctx context.Context) error {
	files, changed, err := c.files()
	if err != nil || !changed {
		return err
	}
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	for _, name := range files {
		content, err := os.ReadFile(filepath.Join(c.Dir, name))
		if err != nil {
			return err
		}
		if err := archive.WriteHeader(&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(content))}); err != nil {
			return err
		}
		if _, err := archive.Write(content); err != nil {
			return err
		}
		if packed.Len() > maxBytes {
			return fmt.Errorf("more than %d bytes", maxBytes)
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	_, err = c.Objects.Put(ctx, c.Key, packed.Bytes(), s3cache.Condition{})
	return err
}

// files lists Dir, and says whether anything in it is not as it was fetched.
func (c *Cache) files() (names []string, changed bool, err error) {
	err = filepath.WalkDir(c.Dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		info, err := entry.Info()
		if err != nil || info.Size() < minFile {
			return err
		}
		name, err := filepath.Rel(c.Dir, path)
		if err != nil {
			return err
		}
		name = filepath.ToSlash(name)
		names = append(names, name)
		changed = changed || c.found[name] != stamp{info.Size(), info.ModTime()}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	return names, changed, err
}
