package replica

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"time"

	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

func runRegent(ctx context.Context, o options, job *job, stderr io.Writer) error {
	elector, err := newRegent(o, slog.New(slog.NewTextHandler(stderr, nil)))
	if err != nil {
		return err
	}
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go standsBy(watching, elector, job.journal)
	return elector.Run(ctx, func(leading context.Context) error {
		term, ok := leaderelection.TermFromContext(leading)
		if !ok {
			return errors.New("the work's context has no term")
		}
		job.work(leading, term.Token())
		return nil
	})
}

func newRegent(o options, logger *slog.Logger) (*leaderelection.Elector, error) {
	cfg, err := o.config()
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	if err != nil {
		return nil, err
	}
	if o.grace == 0 {
		return leaderelection.New(o.name, o.namespace, &leaderelection.LockConfig{
			LeaseDuration: o.lease, RenewDeadline: o.renew, RetryPeriod: o.retry, Kind: o.kind,
		}, client, logger)
	}
	lease, err := lock.NewLease(lock.LeaseConfig{Client: client.CoordinationV1(), Namespace: o.namespace, Name: o.name})
	if err != nil {
		return nil, err
	}
	return leaderelection.NewElector(leaderelection.Config{
		Lock: lease, LeaseDuration: o.lease, RenewDeadline: o.renew, RetryPeriod: o.retry,
		Foreign: leaderelection.ForeignAllow, ForeignGrace: o.grace, Logger: logger,
	})
}

// standsBy says once that a holder was seen: then it watches the lock.
func standsBy(ctx context.Context, elector *leaderelection.Elector, j *journal.Journal) {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if elector.Status().Holder != "" {
			j.Write(journal.Line{Kind: journal.Standby})
			return
		}
	}
}
