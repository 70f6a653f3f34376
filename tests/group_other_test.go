//go:build !linux

package tests_test

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }
