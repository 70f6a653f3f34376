package main

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// openNextVersion is what opennext/package-lock.json pins.
const openNextVersion = "4.1.16"

// openNext is OpenNext's build of an app.
type openNext struct {
	// dir is the app's folder, program OpenNext's command line.
	dir, program string
	node         string
	// quiet is a folder with an npm that installs nothing: OpenNext fetches sharp for its
	// image function at every build, and neither npm nor the network is measured here.
	quiet string
}

// makeOpenNext installs OpenNext and builds a copy of the example shop as OpenNext has
// Next.js build: the standalone output. Then it takes OpenNext's own step once.
func (w *workshop) makeOpenNext(ctx context.Context) (*openNext, error) {
	shop, err := w.shop()
	if err != nil {
		return nil, err
	}
	tool := filepath.Join(w.dir, "opennext")
	source := filepath.Join(w.repository, "tests", "bench", "opennext")
	if err := os.CopyFS(tool, filtered{os.DirFS(source)}); err != nil {
		return nil, err
	}
	if err := run(ctx, tool, nil, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"); err != nil {
		return nil, fmt.Errorf("install OpenNext: %w", err)
	}
	o := &openNext{
		dir: shop + "-opennext", node: w.node, quiet: filepath.Join(tool, "quiet"),
		program: filepath.Join(tool, "node_modules", "@opennextjs", "aws", "dist", "index.js"),
	}
	if err := os.MkdirAll(o.quiet, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(o.quiet, "npm"), []byte("#!/bin/sh\nexec mkdir -p node_modules/.bin\n"), 0o755); err != nil {
		return nil, err
	}
	if err := w.copyShop(o.dir); err != nil {
		return nil, err
	}
	if err := o.standalone(ctx, shop, source); err != nil {
		return nil, err
	}
	if _, err := o.build(ctx); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(o.server(), "index.mjs")); err != nil {
		return nil, fmt.Errorf("OpenNext made no server function: %w", err)
	}
	return o, nil
}

// standalone has Next.js build the app in dir for OpenNext, with the dependencies of
// the app in like.
func (o *openNext) standalone(ctx context.Context, like, source string) error {
	if err := copyFile(filepath.Join(source, "open-next.config.ts"), filepath.Join(o.dir, "open-next.config.ts")); err != nil {
		return err
	}
	if err := run(ctx, o.dir, nil, "cp", "-al", filepath.Join(like, "node_modules"), filepath.Join(o.dir, "node_modules")); err != nil {
		return err
	}
	next := filepath.Join(o.dir, "node_modules", "next", "dist", "bin", "next")
	env := []string{"NEXT_PRIVATE_STANDALONE=true", "NEXT_PRIVATE_OUTPUT_TRACE_ROOT=" + o.dir}
	return run(ctx, o.dir, env, o.node, next, "build")
}

// build is OpenNext's own step, on what Next.js has built.
func (o *openNext) build(ctx context.Context) (usage, error) {
	command := exec.CommandContext(ctx, o.node, o.program, "build")
	command.Dir = o.dir
	command.Env = append(os.Environ(), "PATH="+o.quiet+string(os.PathListSeparator)+os.Getenv("PATH"), "NEXT_TELEMETRY_DISABLED=1",
		// It leaves folders behind where temporary files go.
		"TMPDIR="+o.quiet)
	return measure(command)
}

// server is the folder of the server function.
func (o *openNext) server() string {
	return filepath.Join(o.dir, ".open-next", "server-functions", "default")
}

// renew makes every cached page as young as after a build, which it is by its file's
// time: OpenNext's pages are never refreshed here, and would only grow stale.
func (o *openNext) renew() error {
	now := time.Now()
	return filepath.WalkDir(filepath.Join(o.dir, ".open-next", "cache"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		return os.Chtimes(path, now, now)
	})
}

// functionSize zips a folder as tools that deploy do, and returns the size of the
// archive and of all its files.
func functionSize(dir string) (zipped, unzipped int64, err error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path) // links too: a function has what they point at
		if err != nil {
			return err
		}
		defer file.Close()
		if st, err := file.Stat(); err != nil || st.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		to, err := z.Create(filepath.ToSlash(name))
		if err != nil {
			return err
		}
		n, err := io.Copy(to, file)
		unzipped += n
		return err
	})
	if err == nil {
		err = z.Close()
	}
	return int64(b.Len()), unzipped, err
}
