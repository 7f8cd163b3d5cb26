package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
)

// machine says where this process measures.
func machine() outcome.Machine {
	m := outcome.Machine{CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	if kernel, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(kernel))
	}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(text), "model name")
		line, _, _ := strings.Cut(rest, "\n")
		_, m.Model, _ = strings.Cut(line, ": ")
	}
	return m
}

// load is the load average of the last minute, 0 where that is not known.
func load() (average float64) {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return 0
	}
	if _, err := fmt.Sscan(string(text), &average); err != nil {
		return 0
	}
	return average
}

// fmtVIPs says how much is configured.
func fmtVIPs(s size) string { return fmt.Sprintf("%d VIPs × %d endpoints", s.vips, s.endpoints) }
