package replica

import (
	"flag"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/lock"
)

// options are the command line of a replica.
type options struct {
	elector             string
	kubeconfig          string
	namespace, name     string // of the lock
	lease, renew, retry time.Duration
	kind                lock.Kind
	grace, drain        time.Duration
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet(Command, flag.ContinueOnError)
	flags.StringVar(&o.elector, "elector", "", "who elects: regent, client-go or controller-runtime")
	flags.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flags.StringVar(&o.namespace, "namespace", "", "of the lock")
	flags.StringVar(&o.name, "name", "", "of the lock")
	flags.DurationVar(&o.lease, "lease-duration", 0, "")
	flags.DurationVar(&o.renew, "renew-deadline", 0, "")
	flags.DurationVar(&o.retry, "retry-period", 0, "")
	flags.StringVar((*string)(&o.kind), "kind", "", "of Regent's lock")
	flags.DurationVar(&o.grace, "foreign-grace", 0, "of a Regent on a Lease; 0: what New sets")
	flags.DurationVar(&o.drain, "drain", 0, "how long a Regent's work takes to return")
	return o, flags.Parse(args)
}

func (o options) config() (*rest.Config, error) {
	return clientcmd.BuildConfigFromFlags("", o.kubeconfig)
}
