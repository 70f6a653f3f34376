package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"

	"pack/manifest"
)

// memory reads resident memory after the same requests: of `next start`, of
// one gateway instance, and of one route function's instance (both its
// processes). Linux only.
func memory(ctx context.Context, _ *workshop, shop string, p plan, r *report) error {
	next, _, err := startNext(forNext(shop), "/")
	if err != nil {
		return err
	}
	defer next.stop()
	h, output, err := coldHost(ctx, shop)
	if err != nil {
		return err
	}
	defer func() {
		_ = h.Close(context.Background())
		_ = output.Close()
	}()
	cart := ""
	for _, o := range output.Deployment().Outputs {
		if o.Pathname == "/cart" {
			cart = o.Function
		}
	}
	gateway := ""
	for _, f := range output.Deployment().Functions {
		if f.Kind == manifest.GatewayFunction {
			gateway = f.Name
		}
	}
	for range 200 {
		for _, address := range []string{"http://" + next.address + "/categories/cups", h.URLs()[gateway] + "/categories/cups", "http://" + next.address + "/cart", h.URLs()[cart] + "/cart"} {
			response, err := http.Get(address)
			if err != nil {
				return err
			}
			response.Body.Close()
		}
	}
	r.addMemory("next start", tree(next.command.Process.Pid))
	for _, i := range h.Service().Instances(gateway)[:1] {
		r.addMemory("gateway instance", own(i.PID))
		r.addMemory("gateway instance with proxy.ts loaded", tree(i.PID))
	}
	for _, i := range h.Service().Instances(cart)[:1] {
		r.addMemory("instance of a dynamic page", tree(i.PID))
	}
	return nil
}

// own is a process's resident memory in bytes.
func own(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, _ := strconv.ParseInt(strings.Fields(value)[0], 10, 64)
			return kb << 10
		}
	}
	return 0
}

// tree adds up a process and all below it.
func tree(pid int) int64 {
	sum := own(pid)
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range tasks {
		if more, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, t.Name())); err == nil && t.Name() != strconv.Itoa(pid) {
			children = append(append(children, ' '), more...)
		}
	}
	for _, field := range bytes.Fields(children) {
		if child, err := strconv.Atoi(string(field)); err == nil {
			sum += tree(child)
		}
	}
	return sum
}
