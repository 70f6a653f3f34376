package archive

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"os"

	"github.com/klauspost/compress/flate"
)

// Methods of APPNOTE.TXT 4.4.5.
const (
	methodStored  = 0
	methodDeflate = 8
)

// A blob is one compressed file in a segment: a header of blobHeaderSize bytes,
// little endian (magic, method, CRC-32 of the plain bytes, both sizes, key),
// then the bytes as they go into an archive.
type blob struct {
	key    string // 32 hexadecimal digits
	method uint16
	crc    uint32
	size   int64 // plain, in bytes
	packed int64 // as stored, in bytes

	segment *os.File
	// at is where the body begins in the segment.
	at int64
	// body is nil until somebody asks, and stays so when it is large.
	body []byte
}

const (
	blobMagic      = "pkB2"
	blobKeySize    = 32
	blobHeaderSize = 32 + blobKeySize
)

func (b *blob) header() []byte {
	h := make([]byte, blobHeaderSize)
	copy(h, blobMagic)
	binary.LittleEndian.PutUint16(h[4:], b.method)
	binary.LittleEndian.PutUint32(h[8:], b.crc)
	binary.LittleEndian.PutUint64(h[16:], uint64(b.size))
	binary.LittleEndian.PutUint64(h[24:], uint64(b.packed))
	copy(h[32:], b.key)
	return h
}

// bytes reads the body.
func (b *blob) bytes() io.Reader { return io.NewSectionReader(b.segment, b.at, b.packed) }

// open reads the plain bytes and checks them.
func (b *blob) open() io.ReadCloser {
	r := &plainReader{packed: io.NopCloser(b.bytes()), blob: b, sum: crc32.NewIEEE()}
	if b.method == methodDeflate {
		r.packed = flate.NewReader(b.bytes())
	}
	return r
}

// plainReader compares what it has read with the blob's size and CRC-32.
type plainReader struct {
	packed io.ReadCloser
	blob   *blob
	sum    hash.Hash32
	n      int64
}

func (r *plainReader) Read(p []byte) (int, error) {
	n, err := r.packed.Read(p)
	r.n += int64(n)
	r.sum.Write(p[:n])
	if err == io.EOF && (r.n != r.blob.size || r.sum.Sum32() != r.blob.crc) {
		err = fmt.Errorf("file %s of the pool is damaged", r.blob.key)
	}
	return n, err
}

func (r *plainReader) Close() error { return r.packed.Close() }

// scanSegment lists the blobs of a segment. It ends at the first that is not
// whole, as a killed writer leaves it: the header is written after the body.
func scanSegment(f *os.File) ([]*blob, error) {
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var blobs []*blob
	h := make([]byte, blobHeaderSize)
	for at := int64(0); ; {
		if _, err := f.ReadAt(h, at); err != nil || string(h[:4]) != blobMagic {
			return blobs, nil
		}
		b := &blob{
			key:     string(h[32:]),
			method:  binary.LittleEndian.Uint16(h[4:]),
			crc:     binary.LittleEndian.Uint32(h[8:]),
			size:    int64(binary.LittleEndian.Uint64(h[16:])),
			packed:  int64(binary.LittleEndian.Uint64(h[24:])),
			segment: f,
			at:      at + blobHeaderSize,
		}
		if b.packed < 0 || b.packed > st.Size()-b.at {
			return blobs, nil
		}
		blobs = append(blobs, b)
		at = b.at + b.packed
	}
}
