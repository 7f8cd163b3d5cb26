package main_test

import (
	"os"
	"testing"

	"github.com/regent-ha/regent/internal/playtest"
)

// demo is the program, built.
var demo string

func TestMain(m *testing.M) {
	os.Exit(playtest.WithProgram(".", "demo", func(built string) int {
		demo = built
		return m.Run()
	}))
}
