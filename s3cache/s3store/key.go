package s3store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// A key becomes an object's name from left to right, each character by itself, so that
// names sort as keys do and a prefix of a key gives a prefix of its name:
//
//	the end              !       so that "a" is no folder of "a/b" where names are paths
//	\x00 … ,             ( and two hexadecimal digits
//	~ and \x7f           ~ and two hexadecimal digits
//	. beginning a segment   .-   so that no segment is . or ..
//	/ beginning a segment   .~/  so that no segment is empty
//	anything else        itself, in UTF-8
//
// After segmentBytes of one segment ~/ goes on in the next, for file systems end a name
// at 255 bytes. A name that would be longer than S3 takes ends with ~!/ and the SHA-256
// of the key, which is then kept in the object's metadata; such names do not tell the
// order of their keys.
const (
	longestKey   = 1024 // of the contract
	longestName  = 1024 // https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
	segmentBytes = 240
	hashMark     = "~!/"
	hashedBytes  = len(hashMark) + 2*sha256.Size
)

// commonBytes is how much of their names keys share whose order the names may not tell:
// less than what a hash leaves of the shortest name.
const commonBytes = longestName - longestRoot - hashedBytes - utf8.UTFMax - len("~/")

var errNotPlain = errors.New("name is of no key, or of a hashed one")

// plainName returns the name of a key, without the root, however long it is.
func plainName(key string) string {
	name := appendName(make([]byte, 0, len(key)+16), key)
	return string(append(name, '!'))
}

// namePrefix returns what the names of all keys with that prefix begin with, which is at
// most limit bytes long and may be less than the prefix says.
func namePrefix(prefix string, limit int) string {
	return cut(string(appendName(nil, prefix)), limit)
}

func appendName(name []byte, key string) []byte {
	segment := len(name) // where it begins
	for i, size := 0, 0; i < len(key); i += size {
		_, size = utf8.DecodeRuneInString(key[i:])
		if len(name)-segment >= segmentBytes {
			name = append(name, "~/"...)
			segment = len(name)
		}
		switch c := key[i]; {
		case c == '/':
			if len(name) == segment {
				name = append(name, ".~"...)
			}
			name = append(name, '/')
			segment = len(name)
		case c == '.' && len(name) == segment:
			name = append(name, ".-"...)
		case c < '-':
			name = hex.AppendEncode(append(name, '('), []byte{c})
		case c == '~' || c == 0x7f:
			name = hex.AppendEncode(append(name, '~'), []byte{c})
		default:
			name = append(name, key[i:i+size]...)
		}
	}
	return name
}

// keyOf returns the key of a plain name, or errNotPlain.
func keyOf(name string) (string, error) {
	name, ends := strings.CutSuffix(name, "!")
	if !ends {
		return "", errNotPlain
	}
	key := make([]byte, 0, len(name))
	for segment := 0; len(name) > 0; segment++ { // segment counts what it has so far
		switch rest := name[1:]; {
		case name[0] == '/':
			key, name, segment = append(key, '/'), rest, -1
		case name[0] == '.' && segment == 0:
			switch {
			case strings.HasPrefix(rest, "-"):
				key, name = append(key, '.'), rest[1:]
			case strings.HasPrefix(rest, "~/"):
				key, name, segment = append(key, '/'), rest[2:], -1
			default:
				return "", errNotPlain
			}
		case name[0] == '~' && strings.HasPrefix(rest, "/"):
			name, segment = rest[1:], -1
		case name[0] == '(' || name[0] == '~':
			if len(rest) < 2 {
				return "", errNotPlain
			}
			b, err := hex.DecodeString(rest[:2])
			if err != nil {
				return "", errNotPlain
			}
			key, name = append(key, b...), rest[2:]
		default:
			key, name = append(key, name[0]), rest
		}
	}
	return string(key), nil
}

// objectName returns the name of a key below the root, and whether it is a hashed one.
func objectName(root, key string) (name string, hashed bool, err error) {
	switch {
	case key == "":
		return "", false, errors.New("the key is empty")
	case len(key) > longestKey:
		return "", false, fmt.Errorf("the key has %d bytes, %d are allowed", len(key), longestKey)
	case !utf8.ValidString(key):
		return "", false, errors.New("the key is not UTF-8")
	}
	name = plainName(key)
	if len(root)+len(name) <= longestName {
		return root + name, false, nil
	}
	sum := sha256.Sum256([]byte(key))
	kept := cut(name, longestName-len(root)-hashedBytes)
	return root + kept + hashMark + hex.EncodeToString(sum[:]), true, nil
}

// hashedName reports whether a name below the root is one that objectName hashed.
func hashedName(name string) bool {
	at := len(name) - hashedBytes
	return at >= 0 && strings.HasPrefix(name[at:], hashMark)
}

// cut returns at most limit bytes of a name, ending between characters and not within
// what stands for one.
func cut(name string, limit int) string {
	if len(name) <= limit {
		return name
	}
	for limit > 0 && !utf8.RuneStart(name[limit]) {
		limit--
	}
	return name[:limit]
}
