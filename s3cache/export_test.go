package s3cache

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// SetClock makes an instance's machine have a clock that is ahead of others.
func (c *Cache) SetClock(ahead time.Duration) {
	c.machine = func() time.Time { return time.Now().Add(ahead) }
}

// SealHeader frames a header and bodies as an entry, with a right length and checksum.
func SealHeader(header, bodies []byte) []byte {
	b := append([]byte(entryMagic), entryVersion, 0, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(header)))
	b = append(append(b, header...), bodies...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}
