//go:build !linux

package node

import "os"

// beginReading does nothing: laptops have read their files before.
func beginReading(*os.File) {}
