package s3store

import "strings"

// ObjectName, KeyOf and NamePrefix are how keys become names below a root and back.
func ObjectName(root, key string) (name string, hashed bool, err error) { return objectName(root, key) }

func KeyOf(name string) (string, error) { return keyOf(name) }

func HashedName(name string) bool { return hashedName(name) }

func NamePrefix(prefix string) string { return namePrefix(prefix, commonBytes) }

func PlainName(key string) string { return plainName(key) }

const CommonBytes = commonBytes

// LongestRoot is the longest prefix that Options may have.
var LongestRoot = strings.Repeat("r", longestRoot)
