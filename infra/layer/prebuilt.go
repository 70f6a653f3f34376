package layer

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
)

// prebuiltName is the file of a compiled program in the folder prebuilt.
func prebuiltName(p Program, t Target) string {
	return path.Join("prebuilt", fmt.Sprintf("%s-%s.gz", path.Base(p.Package), t))
}

// digestSuffix is of the file beside it with the packed program's SHA-256 in
// hexadecimal: whoever has the program already need not read it.
const digestSuffix = ".sha256"

// Prebuild compiles the program for the targets into dir, which is this
// package's own folder, for a pack that is then built with -tags release.
func (r Runtime) Prebuild(ctx context.Context, dir string, targets []Target) error {
	root, err := r.source()
	if err != nil {
		return err
	}
	for _, t := range targets {
		to := filepath.Join(dir, filepath.FromSlash(prebuiltName(r.Program, t)))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		program := to + ".program"
		if err := compile(ctx, root, r.Program, t, program); err != nil {
			return err
		}
		content, err := os.ReadFile(program)
		if err := errors.Join(err, os.Remove(program)); err != nil {
			return err
		}
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
		if err != nil {
			return err
		}
		_, err = w.Write(content)
		if err := errors.Join(err, w.Close(), os.WriteFile(to, b.Bytes(), 0o644)); err != nil {
			return err
		}
		if err := os.WriteFile(to+digestSuffix, fmt.Appendf(nil, "%x\n", sha256.Sum256(b.Bytes())), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// unpack writes a prebuilt program to a file.
func unpack(name, to string) error {
	packed, err := prebuilt.Open(name)
	if err != nil {
		return err
	}
	defer packed.Close()
	r, err := gzip.NewReader(packed)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return errors.Join(os.WriteFile(to, content, 0o755), os.Chmod(to, 0o755))
}
