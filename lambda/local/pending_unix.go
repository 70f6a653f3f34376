//go:build unix && !linux

package local

const ioctlPending = 0x4004667f // FIONREAD of <sys/filio.h>, alike on macOS and the BSDs
