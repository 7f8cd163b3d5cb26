package mixed_test

import (
	"flag"
	"os"
	"testing"

	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// tours is how often each fleet is rolled there and back, with each loss.
var tours = flag.Int("tours", 1, "of each fleet: 6 or 12 rolls each")

var plane cptest.Shared

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == replica.Command {
		os.Exit(replica.Main(os.Args[2:], os.Stdout, os.Stderr))
	}
	_ = flag.Set("test.parallel", "8") // unless the command line says more: fleets wait most of the time
	flag.Parse()
	os.Exit(plane.Run(m))
}
