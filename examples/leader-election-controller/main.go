// Command leader-election-controller is a controller with several replicas of
// which one, the leader, handles pods.
//
// It shows: controller.New with a leaderelection.Runner; handlers that drain
// before the lock is released; work that cannot happen twice; health pages and
// metrics. The work: a pod with the annotation
//
//	regent-ha.github.io/change: "7"
//
// gets regent-ha.github.io/handled: "7", and the token of the leader that did it.
//
// It needs: a cluster and the rights in manifests/role.yaml. To run it there,
// see manifests; to see it without a cluster, run the program in demo. On your
// own machine, in two terminals:
//
//	go run ./examples/leader-election-controller -namespace default
//	go run ./examples/leader-election-controller -namespace default -listen :8081
//
// and then
//
//	kubectl run idle --image registry.k8s.io/pause:3.10
//	kubectl annotate pod idle regent-ha.github.io/change=1
//
// You will see: one replica logs that it was elected and handles the pod. Press
// Ctrl-C there: it drains and releases the lock, and the other goes on within
// milliseconds. "kubectl describe lease leader-election-controller" tells the
// story, and localhost:8081/leaderz who leads.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/controller"
	controllermetrics "github.com/regent-ha/regent/controller/metrics"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/leaderelection"
	electionmetrics "github.com/regent-ha/regent/leaderelection/metrics"
	"github.com/regent-ha/regent/lock"
)

func main() {
	var o options
	o.define(flag.CommandLine)
	flag.Parse()
	if err := o.check(flag.Args()); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, os.Stdout, slog.New(slog.NewTextHandler(os.Stderr, nil))); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns nil when ctx has ended, the handlers have drained and the lock
// was released.
func run(ctx context.Context, o options, stdout io.Writer, logger *slog.Logger) error {
	cfg, err := kubeConfig(o.kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	electionClient, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	if err != nil {
		return err
	}
	lease, err := lock.NewLease(lock.LeaseConfig{Client: electionClient.CoordinationV1(), Namespace: o.namespace, Name: o.lock})
	if err != nil {
		return err
	}
	var said *journal.Journal
	if o.journal {
		said = journal.New(os.Getenv("POD_NAME"), stdout)
	}
	elections, handlings := electionmetrics.New(), controllermetrics.New()
	elector, err := leaderelection.NewElector(leaderelection.Config{
		Lock:          lease,
		LeaseDuration: o.leaseDuration, RenewDeadline: o.renewDeadline, RetryPeriod: o.retryPeriod,
		// Twice that of the controller, which cancels its handlers and reports
		// them by name after its own.
		DrainTimeout: 2 * o.drainTimeout,
		Events:       events(electionClient, o.namespace, o.lock),
		Observers:    []leaderelection.Observer{chronicle(said), elections.Observe},
		Logger:       logger,
	})
	if err != nil {
		return err
	}

	elections.Add(elector)
	registry := prometheus.NewRegistry()
	registry.MustRegister(elections, handlings)
	runner := &watched{Runner: elector, journal: said}
	pods := client.CoreV1().Pods(o.namespace)
	work := &handler{pods: pods, takes: o.handling, journal: said}
	ctrl := controller.New(&controller.Config{Name: "pods", ConcurrentWorkers: o.workers, DrainTimeout: o.drainTimeout},
		controller.HandlerOf(work.handle), controller.Retrieve(pods), runner, handlings, logger)

	stopPages, err := servePages(o.listen, pages(elector, ctrl, registry), logger)
	if err != nil {
		return err
	}
	defer stopPages() // last: probes and metrics are answered during the drain
	return ctrl.Run(ctx)
}
