// Command replica is what "make chaos" runs five of. While it leads it
// increments registers all the time, through the write gate, with its term's
// token. What it does it writes to a file in -history, for the checks, and in
// short to standard output, for the program that runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// options are the flags.
type options struct {
	kubeconfig, namespace, lock string
	lease, renew, retry         time.Duration
	register, history           string
	workers                     int
	linger                      time.Duration
	gate                        bool
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "`file` that says where the API server is")
	flag.StringVar(&o.namespace, "namespace", "default", "namespace of the lock")
	flag.StringVar(&o.lock, "lock", "chaos", "name of the lock")
	flag.DurationVar(&o.lease, "lease", 0, "LeaseDuration")
	flag.DurationVar(&o.renew, "renew", 0, "RenewDeadline")
	flag.DurationVar(&o.retry, "retry", 0, "RetryPeriod")
	flag.StringVar(&o.register, "register", "", "`URL` of the registers")
	flag.StringVar(&o.history, "history", ".", "`directory` for what it does")
	flag.IntVar(&o.workers, "workers", 3, "how many registers are incremented at a time")
	flag.DurationVar(&o.linger, "linger", 0, "how long the work goes on after it was told to stop")
	flag.BoolVar(&o.gate, "gate", true, "write through the gate")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "replica:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) (err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	said, err := newChronicle(o.history, os.Getenv("POD_NAME"), fail)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, said.close()) }()
	elector, err := newElector(o, said)
	if err != nil {
		return err
	}
	work := newWork(o, said)
	if err := elector.Run(ctx, work.lead); err != nil {
		return err
	}
	if cause := context.Cause(ctx); errors.Is(cause, errUnwritten) {
		return cause
	}
	return nil
}

func newElector(o options, said *chronicle) (*leaderelection.Elector, error) {
	cfg, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	if err != nil {
		return nil, err
	}
	lease, err := lock.NewLease(lock.LeaseConfig{Client: client.CoordinationV1(), Namespace: o.namespace, Name: o.lock})
	if err != nil {
		return nil, err
	}
	return leaderelection.NewElector(leaderelection.Config{
		Lock:          lease,
		Identity:      said.replica,
		LeaseDuration: o.lease, RenewDeadline: o.renew, RetryPeriod: o.retry,
		OnFence:   said.fenced,
		Observers: []leaderelection.Observer{said.observe},
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, nil)).With("replica", said.replica),
	})
}
