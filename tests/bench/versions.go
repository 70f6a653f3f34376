package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// versions notes those of the programs that took part.
func (w *workshop) versions(ctx context.Context, r *report) {
	v := r.Machine.Versions
	v["Node"] = nodeVersion
	if shop, err := w.shop(); err == nil {
		v["Next.js"] = packageVersion(filepath.Join(shop, "node_modules", "next"))
	}
	if r.has(subjectNginx) {
		v["nginx"] = w.nginxVersion(ctx)
	}
	if !r.has(subjectOpenNext) {
		return
	}
	v["OpenNext"], v["Node (older)"] = openNextVersion, olderVersion
	if !r.has(subjectBareNode) {
		return
	}
	if client, err := w.client(); err == nil {
		v["AWS's Node runtime client"] = packageVersion(filepath.Dir(client))
	}
}

func packageVersion(dir string) string {
	raw, err := os.ReadFile(filepath.Join(dir, "package.json"))
	if err != nil {
		return ""
	}
	var p struct {
		Version string `json:"version"`
	}
	_ = json.Unmarshal(raw, &p) // no version is told then
	return p.Version
}

func (w *workshop) nginxVersion(ctx context.Context) string {
	program, err := w.nginx()
	if err != nil {
		return ""
	}
	out, err := exec.CommandContext(ctx, program, "-v").CombinedOutput()
	if err != nil {
		return ""
	}
	_, version, _ := strings.Cut(strings.TrimSpace(string(out)), "nginx/")
	return version
}
