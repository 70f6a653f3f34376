package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"pack/infra/bundle"
	"pack/manifest"
)

// receipt is what the deployment in use was made from, beside it: as long as all
// of that is the same and the deployment is whole, nothing is planned or bundled
// again. It only saves work: without one, or with another one, everything is
// looked at anew.
type receipt struct {
	// Inputs is what flow.inputs gave.
	Inputs string `json:"inputs"`
	// Fingerprint is that of the build.
	Fingerprint string `json:"fingerprint"`
	// Output is bundle.Output's State.
	Output string `json:"output"`
	// Warnings are the plan's, which are told each time.
	Warnings []string `json:"warnings"`
}

func (f *flow) receiptPath() string { return filepath.Join(f.out, "packed.json") }

// inputs is a digest of everything besides the app's sources that decides on the
// deployment: the recorded build, settings, what the command takes in their place,
// and the program that plans and bundles. It is "" where that cannot be told.
func (f *flow) inputs(settings manifest.SettingsFiles) string {
	program := f.program
	if program == "" {
		var err error
		if program, err = os.Executable(); err != nil {
			return ""
		}
	}
	st, err := os.Stat(program)
	if err != nil {
		return ""
	}
	text, err := json.Marshal([]any{program, manifest.Stamp(st), f.dir, settings.Digest(), f.regions, f.defaultRegion, sha256.Sum256(f.record)})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// upToDate gives the deployment in use when its receipt says that packing would
// change nothing, else nil.
func (f *flow) upToDate() *built {
	if f.force {
		return nil
	}
	var kept receipt
	text, err := os.ReadFile(f.receiptPath())
	if err != nil || json.Unmarshal(text, &kept) != nil || kept.Inputs == "" {
		return nil
	}
	settings, err := manifest.ReadSettings(f.dir)
	if err != nil {
		return nil
	}
	if f.record, err = os.ReadFile(f.recordPath()); err != nil || f.inputs(settings) != kept.Inputs {
		return nil
	}
	if !f.noBuild {
		if fingerprint, err := f.fingerprint(); err != nil || fingerprint == "" || fingerprint != kept.Fingerprint {
			return nil
		}
	}
	output, err := bundle.Open(f.out)
	if err != nil {
		return nil
	}
	if state, err := output.State(); err != nil || state != kept.Output {
		_ = output.Close() // It was only read.
		return nil
	}
	if !f.noBuild {
		f.progress.note(nothingChanged)
	}
	f.warn(kept.Warnings)
	return &built{Result: &bundle.Result{Output: output, Unchanged: true}, Warnings: kept.Warnings}
}

// keepReceipt writes the receipt of a deployment. Where that fails, the next
// command does all its work again.
func (f *flow) keepReceipt(r receipt, output *bundle.Output) {
	if r.Inputs == "" {
		return
	}
	var err error
	if r.Output, err = output.State(); err == nil {
		err = f.writeReceipt(r)
	}
	if err != nil {
		f.progress.note(fmt.Sprintf("warning: the next command will pack again: %v", err))
	}
}

func (f *flow) writeReceipt(r receipt) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if old, err := os.ReadFile(f.receiptPath()); err == nil && string(old) == string(text) {
		return nil
	}
	return manifest.WriteWhole(f.receiptPath(), text)
}
