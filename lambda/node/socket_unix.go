//go:build unix

package node

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
)

// listen opens the socket that requests go through and returns its file for
// the child. Connections wait in its backlog until the child accepts, so that
// nobody has to poll for readiness.
func listen() (*os.File, dialer, error) {
	address := "@pack-" + rand.Text()
	var folder string
	if runtime.GOOS != "linux" {
		// No abstract addresses: a file, removed as soon as the process has it
		// would refuse connections, so it stays until the folder is swept.
		dir, err := os.MkdirTemp("", "pack-")
		if err != nil {
			return nil, nil, err
		}
		folder, address = dir, filepath.Join(dir, "s")
	}
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: address, Net: "unix"})
	if err != nil {
		return nil, nil, err
	}
	l.SetUnlinkOnClose(false)
	file, err := l.File()
	l.Close()
	if err != nil {
		if folder != "" {
			os.RemoveAll(folder)
		}
		return nil, nil, err
	}
	var d net.Dialer
	return file, func(ctx context.Context, _, _ string) (net.Conn, error) {
		return d.DialContext(ctx, "unix", address)
	}, nil
}

// socketPair returns both ends of the channel; the second is for the child.
func socketPair() (io.ReadWriteCloser, *os.File, error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, os.NewSyscallError("socketpair", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "channel"), os.NewFile(uintptr(fds[1]), "channel")
	conn, err := net.FileConn(ours)
	ours.Close()
	if err != nil {
		theirs.Close()
		return nil, nil, err
	}
	return conn, theirs, nil
}

func invocationHeader(i Invocation) (string, error) {
	encoded, err := json.Marshal(i)
	if err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(encoded), nil
}
