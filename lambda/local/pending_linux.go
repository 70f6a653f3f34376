package local

import "golang.org/x/sys/unix"

const ioctlPending = unix.TIOCINQ // FIONREAD by its other name
