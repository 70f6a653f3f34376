package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machine is where and with what was measured.
type machine struct {
	System     string `json:"system"`
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	// MemoryBytes is the machine's.
	MemoryBytes int64 `json:"memoryBytes"`
	// Load is the number of runnable processes in the minute before the run.
	Load float64 `json:"loadBefore"`
	// Versions are those of the programs that were measured.
	Versions map[string]string `json:"versions"`
}

func thisMachine() machine {
	m := machine{
		System: runtime.GOOS + "/" + runtime.GOARCH, Processors: runtime.NumCPU(), Processor: "unknown processor",
		Versions: map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go")},
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
				m.Processor = strings.TrimSpace(model)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kb int64
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kb); err == nil {
			m.MemoryBytes = kb << 10
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		_, _ = fmt.Sscan(string(text), &m.Load)
	}
	return m
}

// versionOrder is how versions are told.
var versionOrder = []string{"Go", "Node", "Node (older)", "Next.js", "OpenNext", "AWS's Node runtime client", "nginx"}

func (m machine) String() string {
	text := fmt.Sprintf("%s, %d × %s, %s of memory, load %.2g before", m.System, m.Processors, m.Processor, format(float64(m.MemoryBytes), "bytes"), m.Load)
	for _, name := range versionOrder {
		if v := m.Versions[name]; v != "" {
			text += ", " + name + " " + v
		}
	}
	return text
}
