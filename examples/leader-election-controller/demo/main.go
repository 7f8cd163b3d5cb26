// Command demo shows, on a real API server, what leader election with Regent
// does when leaders go.
//
//	go run ./examples/leader-election-controller/demo
//
// It needs: Go, and Linux for the guarantee that nothing is left behind (macOS
// works otherwise). No cluster, no Docker: it runs etcd and kube-apiserver,
// which are downloaded or built the first time; that can take some minutes,
// and it says so. Later runs take less than a minute.
//
// You will see: three replicas of the example, as processes; a writer that
// creates and changes pods, which the leader handles; leaders that are
// terminated, killed and stopped, who leads next, and after what time; next to
// them client-go's elector doing the same. At the end it compares what was
// written with what was handled: PASS, or FAIL and exit code 1.
//
// To see it fail, break the example and run it again: let main.go hand the
// controller leaderelection.Plain{} as its Runner, so that all replicas lead.
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
type options struct {
	rounds, kills int
	replica, logs string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	if len(os.Args) > 1 && os.Args[1] == clientGo {
		if err := runClientGo(ctx, os.Args[2:], os.Stdout); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.IntVar(&o.rounds, "rounds", 7, "how many leaders are terminated")
	flag.IntVar(&o.kills, "kills", 2, "how many leaders are killed")
	flag.StringVar(&o.replica, "replica", "", "`program` to run as replicas; default: build the example")
	flag.StringVar(&o.logs, "logs", "", "`directory` for the logs of the replicas; default: they are not kept")
	flag.Parse()
	if err := o.check(flag.Args()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "demo:", err)
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

func (o options) check(args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q; mend: there are only flags, see -h", args[0])
	case o.rounds < 0:
		return fmt.Errorf("-rounds is %d, and must not be negative; mend: 0 or more", o.rounds)
	case o.kills < 0:
		return fmt.Errorf("-kills is %d, and must not be negative; mend: 0 or more", o.kills)
	}
	return nil
}
