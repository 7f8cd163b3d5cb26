package mixed_test

import (
	"flag"
	"os"
	"testing"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// rounds is how often each fleet is rolled there and back, with each loss.
var rounds = flag.Int("rounds", 1, "of each fleet: 6 rolls each")

var plane cptest.Shared

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == replica.Command {
		os.Exit(replica.Main(os.Args[2:], os.Stdout, os.Stderr))
	}
	_ = flag.Set("test.parallel", "8") // unless the command line says more: fleets wait most of the time
	flag.Parse()
	os.Exit(plane.Run(m))
}
