package capture_test

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"pack/manifest"
	"pack/manifest/capture"
)

func TestReadBinary(t *testing.T) {
	mach := binary.LittleEndian.AppendUint32(nil, 0xfeedfacf)
	mach = binary.LittleEndian.AppendUint32(mach, 0x0100000c)
	pe := make([]byte, 80)
	copy(pe, "MZ")
	binary.LittleEndian.PutUint32(pe[60:], 64)
	copy(pe[64:], "PE\x00\x00\x64\x86")
	for _, c := range []struct {
		name string
		data []byte
		mode os.FileMode
		want *manifest.Binary
	}{
		{"a.node", mach, 0o644, &manifest.Binary{Format: "macho", Machine: "arm64"}},
		{"u.node", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x02"), 0o644, &manifest.Binary{Format: "macho", Machine: "universal"}},
		{"class", []byte("\xca\xfe\xba\xbe\x00\x00\x00\x41"), 0o644, nil},
		{"a.dll", pe, 0o644, &manifest.Binary{Format: "pe", Machine: "x86_64"}},
		{"MZ", []byte("MZ is how this text begins, and it goes on for more than sixty-four bytes"), 0o644, nil},
		{"broken.so.1", []byte("\x7fELF, not quite"), 0o644, &manifest.Binary{Format: "elf", Machine: "unknown"}},
		{"script.sh", []byte("#!/bin/sh\n"), 0o755, nil},
		{"empty", nil, 0o755, nil},
		{"a.js", mach, 0o644, nil},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		must(t, os.WriteFile(path, c.data, c.mode))
		got, err := capture.ReadBinary(path, c.mode)
		must(t, err)
		if (got == nil) != (c.want == nil) || got != nil && *got != *c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	// A real one: a library of one function, node_register_module_v115.
	addon, err := capture.ReadBinary(filepath.Join("testdata", "binaries", "node20.node"), 0o644)
	must(t, err)
	if want := (manifest.Binary{Format: "elf", Machine: "x86_64", NodeModules: 115}); addon == nil || *addon != want {
		t.Errorf("addon: got %+v, want %+v", addon, want)
	}
	// Another: this test.
	self, err := os.Executable()
	must(t, err)
	if got, err := capture.ReadBinary(self, 0o755); err != nil || got == nil {
		t.Errorf("%s: %v, %v", self, got, err)
	}
}
