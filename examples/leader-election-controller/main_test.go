package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

var (
	plane cptest.Shared
	// program is the example, built.
	program string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "example-")
	if err != nil {
		panic(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program = filepath.Join(dir, "example")
	if out, err := exec.Command("go", "build", "-o", program, ".").CombinedOutput(); err != nil {
		_, _ = fmt.Fprintf(os.Stderr, "%s%v\n", out, err)
		return 1
	}
	return plane.Run(m)
}
