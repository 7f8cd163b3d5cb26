package leaderelection

import (
	"errors"
	"log/slog"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/lock"
)

// LockConfig sets the timings of a lock, and its kind. See [Config] for the
// meaning and the bounds of the timings; all three 0 stand for 15 s, 10 s, 2 s.
type LockConfig struct {
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// Kind is where the record is kept: see [lock.Config]. "" finds out: in a
	// Lease, and in a ConfigMap of that name as well if there is one that was
	// ever used as a lock.
	Kind lock.Kind
}

// NewDefault returns an Elector with safe timings for the lock namespace/key.
// See [New].
func NewDefault(key, namespace string, client kubernetes.Interface, logger *slog.Logger) (*Elector, error) {
	return New(key, namespace, nil, client, logger)
}

// New returns an Elector for the lock namespace/key: a Lease, unless a fleet of
// older programs keeps its lock in a ConfigMap of that name. A nil cfg stands
// for 15 s, 10 s, 2 s; an empty namespace for the one that the process runs in
// ($POD_NAMESPACE, or the pod's service account). The identity is the pod's
// name and a random part. Kubernetes Events are written, if RBAC allows it.
//
// It may compete with candidates that use client-go's elector,
// controller-runtime's, or kooper's of any version: ForeignAllow. NewElector
// has all other choices.
//
// Give client connections of its own (lock.RESTConfig), so that a renewal does
// not wait behind the program's other requests.
func New(key, namespace string, cfg *LockConfig, client kubernetes.Interface, logger *slog.Logger) (*Elector, error) {
	if cfg == nil {
		cfg = &LockConfig{}
	}
	var faults []error
	if clientset, ok := client.(*kubernetes.Clientset); client == nil || ok && clientset == nil {
		faults = append(faults, &FieldError{Field: "client", Value: "nil", Bound: "the lock is kept in Kubernetes", Mend: "pass what kubernetes.NewForConfig(lock.RESTConfig(cfg)) returns, and check its error"})
		return nil, errors.Join(faults...)
	}
	if namespace == "" {
		ns, err := podNamespace()
		if err != nil {
			return nil, errors.Join(append(faults, err)...)
		}
		namespace = ns
	}
	l, err := lock.New(lock.Config{
		Kind: cfg.Kind, Leases: client.CoordinationV1(), ConfigMaps: client.CoreV1(), Namespace: namespace, Name: key,
	})
	if err != nil {
		faults = append(faults, err)
	}
	config := Config{
		LeaseDuration: cfg.LeaseDuration, RenewDeadline: cfg.RenewDeadline, RetryPeriod: cfg.RetryPeriod,
		Foreign: ForeignAllow, Logger: logger,
		Events: &KubernetesEvents{
			Client: client.CoreV1(),
			Object: corev1.ObjectReference{Namespace: namespace, Name: key},
		},
	}
	config.setDefaults()
	if err := config.validateTimings(); err != nil {
		faults = append(faults, err)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	config.Lock = l
	return NewElector(config)
}
