package main_test

import (
	"os"
	"testing"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/internal/playtest"
)

var (
	plane cptest.Shared
	// program is the example, built.
	program string
)

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "ha-server", func(built string) int {
		program = built
		return plane.Run(m)
	}))
}
