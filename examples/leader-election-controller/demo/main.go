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
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	if len(os.Args) > 1 && os.Args[1] == clientGo {
		if err := runClientGo(ctx, os.Args[2:], os.Stdout); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	o := options{rounds: 7, kills: 2}
	flag.IntVar(&o.rounds, "rounds", o.rounds, "how many leaders are terminated")
	flag.IntVar(&o.kills, "kills", o.kills, "how many leaders are killed")
	flag.Parse()
	out := newOutput(os.Stdout)
	err := run(ctx, out, o)
	switch {
	case ctx.Err() != nil:
		out.say("interrupted; nothing is left running")
		os.Exit(130)
	case err != nil:
		out.title("FAIL: %v", err)
		os.Exit(1)
	}
}
