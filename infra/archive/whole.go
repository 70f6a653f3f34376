package archive

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// The end of a zip file without a comment (APPNOTE.TXT 4.3.16).
const (
	zipEndSize      = 22
	zipEndSignature = 0x06054b50
)

// Whole gives the size in bytes of an archive that Write wrote, and an error
// when its end is missing, as a power cut or a full disk can leave it. Only the
// end is read.
func Whole(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	end := make([]byte, zipEndSize)
	at := st.Size() - zipEndSize
	if at < 0 {
		return 0, fmt.Errorf("%s is damaged: %d bytes", path, st.Size())
	}
	if _, err := f.ReadAt(end, at); err != nil && err != io.EOF {
		return 0, err
	}
	if binary.LittleEndian.Uint32(end) != zipEndSignature {
		return 0, fmt.Errorf("%s is damaged: its end is missing", path)
	}
	return st.Size(), nil
}
