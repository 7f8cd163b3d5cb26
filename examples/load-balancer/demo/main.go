// Command demo shows, with real traffic, what the clients of the load balancer
// notice when its endpoints come and go: nothing.
//
//	sudo go run ./examples/load-balancer/demo
//
// It needs: Go, Linux, and root, for network namespaces and XDP. It changes
// nothing outside the namespaces that it makes: clients behind a router, one
// beside the endpoints, the load balancer, and endpoints on a switch.
//
// You will see, second by second: how many connections each endpoint has, and how
// many are new, by IPv4 and IPv6, TCP and UDP, with DNAT and one-arm; while an
// endpoint is drained, killed, cut off, added, given another weight and removed,
// and while the file is changed, for better and worse. Each byte is checked. At
// the end it says how many connections were moved or broken, those to the
// endpoint that was killed counted apart: PASS, or FAIL and exit code 1. It takes a
// minute.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/regent-ha/regent/internal/narrator"
)

// options are the command line.
type options struct{ balancer, logs string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	var o options
	var serve string
	flag.StringVar(&o.balancer, "balancer", "", "`program` to run as load balancer; default: build the example")
	flag.StringVar(&o.logs, "logs", "", "`directory` for the logs of the load balancer; default: they are not kept")
	flag.StringVar(&serve, "serve", "", "be the endpoint of that `name`; used by the demo itself")
	flag.Parse()
	if flag.NArg() > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "demo: unexpected argument %q; mend: there are only flags, see -h\n", flag.Arg(0))
		os.Exit(2)
	}
	if serve != "" {
		if err := endpoint(ctx, serve, os.Stdout); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "demo:", err)
			os.Exit(1)
		}
		return
	}
	// It cleans up also when the reader of its output goes: a write then fails,
	// instead of ending the process.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	out := narrator.New(os.Stdout, stop)
	ended := context.AfterFunc(ctx, func() { out.Say("interrupted: ending all processes") })
	err := run(ctx, out, o)
	ended()
	switch {
	case ctx.Err() != nil:
		out.Say("nothing is left running")
		os.Exit(130)
	case err != nil:
		out.Title("FAIL: %v", err)
		os.Exit(1)
	}
}
