//go:build unix

package controlplane_test

import (
	"os"
	"testing"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

// envHelper makes the test binary play the process that a test kills.
const envHelper = "REGENT_TEST_HELPER"

func TestMain(m *testing.M) {
	switch os.Getenv(envHelper) {
	case "lock":
		holdLock()
	case "run":
		runUntilKilled()
	}
	os.Exit(m.Run())
}

func newShared(t *testing.T) *cptest.Shared {
	shared := new(cptest.Shared)
	t.Cleanup(func() { shared.Run(nothing{}) })
	return shared
}

type nothing struct{}

func (nothing) Run() int { return 0 }
