package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// The label that -leader-label keeps on the leader's pod.
const (
	roleLabel  = "ha-server.regent-ha.github.io/role"
	roleLeader = "leader"
)

// options are the command line.
type options struct {
	api, listen, kubeconfig, namespace, lock  string
	leaseDuration, renewDeadline, retryPeriod time.Duration
	drainTimeout, shutdownDelay               time.Duration
	stateDir, podSelector                     string
	leaderLabel, proxyWrites                  bool
}

// define adds the options to the flags.
func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.api, "api", ":8080", "`address` of the HTTP API")
	flags.StringVar(&o.listen, "listen", ":8081", "`address` of /healthz, /readyz, /leaderz, /ha and /metrics; empty: none")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "`file`; default: the pod's service account, else $KUBECONFIG, else ~/.kube/config")
	flags.StringVar(&o.namespace, "namespace", "", "of the lock and of the spaces; default: $POD_NAMESPACE, else the service account's or the kubeconfig's")
	flags.StringVar(&o.lock, "lock", "ha-server", "name of the lock")
	flags.DurationVar(&o.leaseDuration, "lease-duration", leaderelection.DefaultLeaseDuration, "how long the others wait after the leader's last renewal")
	flags.DurationVar(&o.renewDeadline, "renew-deadline", leaderelection.DefaultRenewDeadline, "how long a leader works on after it")
	flags.DurationVar(&o.retryPeriod, "retry-period", leaderelection.DefaultRetryPeriod, "time between attempts after one has failed")
	flags.DurationVar(&o.drainTimeout, "drain-timeout", ha.DefaultDrainTimeout, "how long requests and handlers may go on at a shutdown, before it is reported what they do")
	flags.DurationVar(&o.shutdownDelay, "shutdown-delay", 0, "how long the API is served on undisturbed at a shutdown, while /readyz says 503")
	flags.StringVar(&o.stateDir, "state-dir", os.Getenv("STATE_DIR"), "`directory` that outlives the container but not the pod: one that crashes and restarts leads again at once; default: $STATE_DIR, empty: none")
	flags.BoolVar(&o.leaderLabel, "leader-label", false, "keep the label "+roleLabel+"="+roleLeader+" on the leader's pod")
	flags.BoolVar(&o.proxyWrites, "proxy-writes", false, "let the leader handle all requests of the API that write")
	flags.StringVar(&o.podSelector, "pod-selector", "app.kubernetes.io/name=ha-server", "`selector` of the pods of all replicas, for -leader-label")
}

// check finds what is wrong, but for what others check: the timings of the
// lease, the addresses, the state directory.
func (o *options) check(args []string) error {
	var faults []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	fault(len(args) > 0, "unexpected arguments %q; mend: there are only flags, see -h", args)
	fault(o.api == "", "-api is empty; mend: the address of the HTTP API, such as :8080")
	fault(o.lock == "", "-lock is empty; mend: name the lock")
	fault(o.drainTimeout <= 0, "-drain-timeout is %v; mend: a positive time", o.drainTimeout)
	fault(o.shutdownDelay < 0, "-shutdown-delay is %v; mend: 0 or a positive time", o.shutdownDelay)
	return errors.Join(faults...)
}

// environment is where this process runs, and what the flags say of it.
func (o *options) environment() (ha.Environment, error) {
	env, err := ha.NewEnvironment(o.kubeconfig)
	if err != nil {
		return env, err
	}
	if o.namespace != "" {
		env.Namespace = o.namespace
	}
	var faults []error
	if env.Config == nil {
		faults = append(faults, errors.New("no cluster: this is no pod, and neither $KUBECONFIG nor ~/.kube/config names one, but spaces are kept in Kubernetes; mend: give -kubeconfig"))
	}
	if env.Namespace == "" {
		faults = append(faults, errors.New("no namespace; mend: give -namespace, or set $POD_NAMESPACE"))
	}
	if env.Pod == "" && (o.leaderLabel || o.proxyWrites) {
		faults = append(faults, errors.New("-leader-label and -proxy-writes need the name of the pod; mend: set $POD_NAME from the downward API (fieldRef: metadata.name)"))
	}
	return env, errors.Join(faults...)
}
