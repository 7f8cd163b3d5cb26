// Command demo shows, on a real API server, how the example scales from one
// replica to three, and what its clients notice when leaders go.
//
//	go run ./examples/ha-server/demo
//
// It needs: Go, and Linux, where each replica can have an address of its own on
// the loopback network. No cluster, no Docker: it runs etcd and kube-apiserver,
// which are downloaded or built the first time; that can take some minutes, and
// it says so. Later runs take about a minute.
//
// You will see: one replica that serves and leads; three that serve, of which
// one leads; clients that send 200 requests a second while the leader is killed,
// terminated and restarted in its place; after how many milliseconds the next
// leader's controllers work. At the end it compares what was acknowledged to the
// clients with what the API server has: PASS, or FAIL and exit code 1.
//
// To see it fail, break the example and run it again: take the component "spaces"
// from the leader in main.go, and nothing is provisioned.
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
type options struct{ replica, logs string }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	var o options
	flag.StringVar(&o.replica, "replica", "", "`program` to run as replicas; default: build the example")
	flag.StringVar(&o.logs, "logs", "", "`directory` for the logs of the replicas; default: they are not kept")
	flag.Parse()
	if flag.NArg() > 0 {
		_, _ = fmt.Fprintf(os.Stderr, "demo: unexpected argument %q; mend: there are only flags, see -h\n", flag.Arg(0))
		os.Exit(2)
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
