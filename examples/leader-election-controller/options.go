package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// options are the command line.
type options struct {
	kubeconfig, namespace, lock, listen       string
	leaseDuration, renewDeadline, retryPeriod time.Duration
	drainTimeout, handling                    time.Duration
	workers                                   int
	journal                                   bool
}

// define adds the options to the flags.
func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "`file`; default: the pod's service account, else $KUBECONFIG, else ~/.kube/config")
	flags.StringVar(&o.namespace, "namespace", os.Getenv("POD_NAMESPACE"), "of the lock and of the pods; default: $POD_NAMESPACE")
	flags.StringVar(&o.lock, "lock", "leader-election-controller", "name of the Lease")
	flags.StringVar(&o.listen, "listen", ":8080", "`address` of /healthz, /readyz, /leaderz and /metrics; empty: none")
	flags.DurationVar(&o.leaseDuration, "lease-duration", leaderelection.DefaultLeaseDuration, "how long the others wait after the leader's last renewal")
	flags.DurationVar(&o.renewDeadline, "renew-deadline", leaderelection.DefaultRenewDeadline, "how long a leader works on after it")
	flags.DurationVar(&o.retryPeriod, "retry-period", leaderelection.DefaultRetryPeriod, "time between attempts after one has failed")
	flags.DurationVar(&o.drainTimeout, "drain-timeout", controller.DefaultDrainTimeout, "how long handlers may go on at a shutdown")
	flags.IntVar(&o.workers, "workers", controller.DefaultConcurrentWorkers, "pods that are handled at a time")
	flags.DurationVar(&o.handling, "handling", 0, "how long to pretend that the work on a pod takes")
	flags.BoolVar(&o.journal, "journal", false, "write what happens to standard output as JSON, with precise times, for the demo")
}

// check finds what is wrong, but for the timings of the lease, which the
// elector checks.
func (o *options) check(args []string) error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(len(args) > 0, "unexpected arguments %q; mend: there are only flags, see -h", args)
	fault(o.namespace == "", "no namespace; mend: give -namespace, or set $POD_NAMESPACE")
	fault(o.lock == "", "-lock is empty; mend: name the Lease")
	fault(o.workers < 1, "-workers is %d; mend: at least 1", o.workers)
	fault(o.drainTimeout <= 0, "-drain-timeout is %v; mend: a positive time", o.drainTimeout)
	fault(o.handling < 0, "-handling is %v; mend: 0 or a positive time", o.handling)
	return errors.Join(faults...)
}
