package capture

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pack/manifest"
)

// readBinary says what machine a file was compiled for; nil if it is not
// machine code. Only files that could be are opened: by extension, by
// executable bit, or for having no extension at all.
func readBinary(path string, mode fs.FileMode) (*manifest.Binary, error) {
	base := filepath.Base(path)
	switch ext := filepath.Ext(base); {
	case ext == ".node", ext == ".so", ext == ".dylib", ext == ".dll", ext == ".exe", ext == "":
	case strings.Contains(base, ".so."):
	case mode&0o111 != 0:
	default:
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	head := make([]byte, 64)
	n, _ := f.Read(head)
	head = head[:n]
	switch {
	case bytes.HasPrefix(head, []byte(elf.ELFMAG)):
		b := readELF(f)
		if filepath.Ext(base) == ".node" {
			b.NodeModules = nodeModules(f)
		}
		return b, nil
	case len(head) >= 8 && machMagic(head):
		return &manifest.Binary{Format: "macho", Machine: machMachine(head)}, nil
	case len(head) == 64 && head[0] == 'M' && head[1] == 'Z':
		return readPE(f, int64(binary.LittleEndian.Uint32(head[60:]))), nil
	}
	return nil, nil
}

// readELF never fails: a file that only begins like an ELF file has an
// unknown machine, and planning refuses it by name.
func readELF(f *os.File) *manifest.Binary {
	b := &manifest.Binary{Format: "elf", Machine: "unknown"}
	e, err := elf.NewFile(f)
	if err != nil {
		return b
	}
	switch e.Machine {
	case elf.EM_AARCH64:
		b.Machine = string(manifest.ARM64)
	case elf.EM_X86_64:
		b.Machine = string(manifest.X8664)
	case elf.EM_BPF, elf.EM_NONE:
		b.Machine = "any"
	default:
		b.Machine = strings.ToLower(strings.TrimPrefix(e.Machine.String(), "EM_"))
	}
	if libs, err := e.ImportedLibraries(); err == nil {
		for _, lib := range libs {
			b.Musl = b.Musl || strings.HasPrefix(lib, "libc.musl-")
		}
	}
	for _, p := range e.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz < 4096 {
			name := make([]byte, p.Filesz)
			if _, err := p.ReadAt(name, 0); err == nil && bytes.Contains(name, []byte("ld-musl")) {
				b.Musl = true
			}
		}
	}
	return b
}

// nodeModules is the version in the name of the function by which Node.js starts
// an addon of its own binary interface (NODE_MODULE_INIT in node.h), or 0.
func nodeModules(f *os.File) int {
	e, err := elf.NewFile(f)
	if err != nil {
		return 0
	}
	symbols, err := e.DynamicSymbols()
	if err != nil {
		return 0
	}
	for _, s := range symbols {
		if version, ok := strings.CutPrefix(s.Name, "node_register_module_v"); ok && s.Section != elf.SHN_UNDEF {
			n, _ := strconv.Atoi(version)
			return n
		}
	}
	return 0
}

// machMagic tells Mach-O from a Java class file, which shares the magic of
// universal binaries: those hold a handful of architectures, class files have
// a version there.
func machMagic(head []byte) bool {
	switch binary.BigEndian.Uint32(head) {
	case 0xfeedface, 0xfeedfacf, 0xcefaedfe, 0xcffaedfe:
		return true
	case 0xcafebabe, 0xcafebabf:
		return binary.BigEndian.Uint32(head[4:]) < 32
	}
	return false
}

func machMachine(head []byte) string {
	order := binary.ByteOrder(binary.BigEndian)
	switch binary.BigEndian.Uint32(head) {
	case 0xcafebabe, 0xcafebabf:
		return "universal"
	case 0xcefaedfe, 0xcffaedfe:
		order = binary.LittleEndian
	}
	switch order.Uint32(head[4:]) {
	case 0x0100000c:
		return string(manifest.ARM64)
	case 0x01000007:
		return string(manifest.X8664)
	}
	return "unknown"
}

// readPE returns nil for what only begins with the letters MZ.
func readPE(f *os.File, at int64) *manifest.Binary {
	sign := make([]byte, 6)
	if _, err := f.ReadAt(sign, at); err != nil || string(sign[:4]) != "PE\x00\x00" {
		return nil
	}
	b := &manifest.Binary{Format: "pe", Machine: "unknown"}
	switch binary.LittleEndian.Uint16(sign[4:]) {
	case 0xaa64:
		b.Machine = string(manifest.ARM64)
	case 0x8664:
		b.Machine = string(manifest.X8664)
	}
	return b
}
