// Command chaos lets everything go wrong around real processes: five replicas
// on a real etcd and kube-apiserver, each behind TCP proxies of its own.
// Leaders are killed, stopped past their lease and continued, terminated under
// load; cut off, muted, slowed, reset; the API server is killed and restarted,
// etcd paused.
//
//	go run ./internal/chaos                   200 changes of the leader, some 13 minutes
//	go run ./internal/chaos -changes=25       2 minutes
//	go run ./internal/chaos -seed=7           the faults of an earlier run
//	go run ./internal/chaos -table=FILE       write the table in FILE anew
//
// All the while leaders increment registers through the write gate, with their
// terms' tokens. At the end the registers' histories are checked for
// linearizability, and what the replicas have written down against the promises.
// Then the same is done without the gate, and without a look at the tokens: a
// check that does not fail there proves nothing.
//
// The exit code is 1 if a promise was broken, or if the control did not fail.
// The evidence is then kept, in a directory that is printed. See docs/chaos.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	changes int
	seed    uint64
	dir     string
	keep    bool
	table   string
	margin  time.Duration
	within  time.Duration
}

func main() {
	var o options
	flag.IntVar(&o.changes, "changes", 200, "how often another replica comes to lead, at least")
	flag.Uint64Var(&o.seed, "seed", 0, "where the faults are drawn from; 0: another in each run")
	flag.StringVar(&o.dir, "dir", "", "`directory` for the evidence, which is kept; default: a new one, kept after a failure")
	flag.StringVar(&o.table, "table", "", "write the table of results between the marks in this `file`")
	flag.DurationVar(&o.margin, "margin", 2*time.Second, "how much longer than promised a leader may be missing after the faults")
	flag.DurationVar(&o.within, "within", 2*time.Minute, "how long porcupine may take for one register")
	flag.Parse()
	if err := o.complete(flag.Args()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, &output{began: time.Now(), w: os.Stdout})
	interrupted := ctx.Err() != nil
	stop()
	switch {
	case interrupted:
		_, _ = fmt.Fprintln(os.Stderr, "chaos: interrupted; nothing is left running")
		os.Exit(130)
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "chaos: FAIL:", err)
		os.Exit(1)
	}
}

func (o *options) complete(args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q; mend: there are only flags, see -h", args[0])
	case o.changes < 1:
		return fmt.Errorf("-changes is %d; mend: 1 or more", o.changes)
	case o.margin < 0 || o.within <= 0:
		return errors.New("-margin is negative, or -within not positive; mend: leave them out")
	}
	if o.seed == 0 {
		o.seed = rand.Uint64N(1_000_000) + 1
	}
	o.keep = o.dir != ""
	return nil
}
