package main_test

import (
	"os"
	"testing"

	"github.com/regent-ha/regent/internal/playtest"
)

// program is the example, built.
var program string

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "load-balancer", func(built string) int {
		program = built
		return m.Run()
	}))
}
