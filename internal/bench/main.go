// Command bench measures Regent's elector and client-go's on a real API server:
// how long a hand-over takes, how late a crash is noticed, and what they cost.
//
//	go run ./internal/bench -quick
//
// It needs Go alone: it runs etcd and kube-apiserver, which are downloaded or
// built the first time. It prints tables, and which targets are met. With -docs
// it also writes them to performance.md in a directory, and beside it the
// figures as JSON and a picture.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/klog/v2"
)

// options are the command line.
type options struct {
	quick, tiny bool
	only        string
	docs, from  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	var o options
	flag.BoolVar(&o.quick, "quick", false, "less than a minute, for figures that show that it works; default: what figures are published of, 11 minutes")
	flag.BoolVar(&o.tiny, "tiny", false, "the least that there is")
	flag.StringVar(&o.only, "only", "", "the one `part` to measure: memory, hand-over, crash or rest; default: all")
	flag.StringVar(&o.docs, "docs", "", "`directory` whose performance.md, and what belongs to it, is to be written anew")
	flag.StringVar(&o.from, "from", "", "`file` of JSON that an earlier run has written, to show it again")
	flag.Parse()
	klog.SetSlogLogger(slog.New(slog.DiscardHandler)) // client-go logs requests that were cancelled
	err := o.check(flag.Args())
	if err == nil {
		err = run(ctx, o, os.Stdout, os.Stderr)
	}
	switch {
	case ctx.Err() != nil:
		os.Exit(130)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
