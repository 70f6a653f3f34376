// Command prebuild compiles the programs that a released pack carries: for both
// architectures of Lambda, and for the machine that pack itself is for. Run it
// in the root of the source; infra/layer/prebuilt_release.go has the commands.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pack/infra/layer"
)

func main() {
	host := flag.String("host", layer.Host().OS+"/"+layer.Host().Arch, "the machine that pack is for, as `os/arch`")
	flag.Parse()
	if err := run(*host); err != nil {
		fmt.Fprintln(os.Stderr, "prebuild:", err)
		os.Exit(1)
	}
}

func run(host string) error {
	system, arch, ok := strings.Cut(host, "/")
	if !ok {
		return fmt.Errorf("-host %q is not os/arch", host)
	}
	targets := []layer.Target{{OS: "linux", Arch: "arm64"}, {OS: "linux", Arch: "amd64"}}
	if t := (layer.Target{OS: system, Arch: arch}); !slices.Contains(targets, t) {
		targets = append(targets, t)
	}
	dir := filepath.Join("infra", "layer")
	if err := os.RemoveAll(filepath.Join(dir, "prebuilt")); err != nil {
		return err
	}
	for _, p := range layer.Programs {
		if err := (layer.Runtime{Program: p}).Prebuild(context.Background(), dir, targets); err != nil {
			return err
		}
	}
	return nil
}
