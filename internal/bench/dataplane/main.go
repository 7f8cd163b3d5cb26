// Command dataplane measures the load balancer in the kernel: what a packet
// takes in each state, beside a floor and a plain table of connections; how many
// real frames come through, beside nftables; what its maps take; and how long a
// configuration takes.
//
//	go run ./internal/bench/dataplane -quick
//
// It needs Linux, root and nft. It prints tables, and which targets are met. With
// -docs it also writes them to performance.md in a directory, and beside it the
// figures as JSON and a picture.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// options are the command line.
type options struct {
	quick      bool
	tiny       bool
	only       string
	cpu        int
	perfmon    bool
	docs, from string

	stand, bare bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends it at once
	var o options
	flag.BoolVar(&o.quick, "quick", false, "less than a minute, for figures that show that it works; default: what figures are published of, 10 minutes")
	flag.BoolVar(&o.tiny, "tiny", false, "the least that there is")
	flag.StringVar(&o.only, "only", "", "the one `part` to measure: packets, frames or apply; default: all")
	flag.IntVar(&o.cpu, "cpu", 1, "`processor` that programs run on; others may be busy")
	flag.BoolVar(&o.perfmon, "perfmon-only", false, "leave out what is measured without CAP_PERFMON")
	flag.StringVar(&o.docs, "docs", "", "`directory` whose performance.md, and what belongs to it, is to be written anew")
	flag.StringVar(&o.from, "from", "", "`file` of JSON that an earlier run has written, to show it again")
	flag.BoolVar(&o.stand, "stand", false, "for this program's own use")
	flag.BoolVar(&o.bare, "bare-stand", false, "for this program's own use")
	flag.Parse()
	err := o.check(flag.Args())
	if err == nil {
		err = run(ctx, o)
	}
	switch {
	case ctx.Err() != nil:
		os.Exit(130)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "dataplane:", err)
		os.Exit(1)
	}
}
