package manifest

import (
	"crypto/sha256"
	"encoding/binary"
	"io/fs"
	"time"
)

// Stamp is a digest of a file's size, modification and change time: a file of the
// same stamp has the same content, unless it was written to twice within one tick
// of the file system's clock, which is a few milliseconds.
func Stamp(st fs.FileInfo) [sha256.Size]byte {
	var b []byte
	b = binary.BigEndian.AppendUint64(b, uint64(st.Size()))
	b = binary.BigEndian.AppendUint64(b, uint64(st.ModTime().UnixNano()))
	b = binary.BigEndian.AppendUint64(b, uint64(changeTime(st)))
	return sha256.Sum256(b)
}

// Settled reports whether a file was last written to, or otherwise changed, long
// enough before now that its Stamp tells each later change.
func Settled(st fs.FileInfo, now time.Time) bool {
	const long = 2 * time.Second // also where the clock of a file system ticks in seconds
	last := max(st.ModTime().UnixNano(), changeTime(st))
	return last < now.Add(-long).UnixNano()
}
