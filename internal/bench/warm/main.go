// Command warm measures how long a controller takes from an election to its
// first handled object, and to the last: Regent's, kept warm and cold, and
// controller-runtime's, with and without its warm-up, on a real API server.
//
//	go run ./internal/bench/warm -quick
//
// It needs Go alone: it runs etcd and kube-apiserver, which are downloaded or
// built the first time. It prints a table, and fails if a warm promotion lists
// anything, or is not much faster than a cold one. With -docs it also writes
// the table to performance.md in a directory, and beside it the figures as
// JSON.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"
)

// options are the command line.
type options struct {
	quick, tiny bool
	docs        string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	var o options
	flag.BoolVar(&o.quick, "quick", false, "1 000 objects, less than a minute; default: what figures are published of, 10 000 objects, 5 minutes")
	flag.BoolVar(&o.tiny, "tiny", false, "the least that there is, whose times are not judged")
	flag.StringVar(&o.docs, "docs", "", "`directory` whose performance.md, and what belongs to it, is to be written anew")
	flag.Parse()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // client-go logs requests that were cancelled
	ctrllog.SetLogger(logr.Discard())
	err := o.check(flag.Args())
	if err == nil {
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	switch {
	case ctx.Err() != nil:
		os.Exit(130)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "warm:", err)
		os.Exit(1)
	}
}
