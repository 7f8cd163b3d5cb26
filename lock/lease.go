package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// LeaseConfig says which Lease is the lock.
type LeaseConfig struct {
	// Client reaches the API server. Give it connections of its own: see
	// [RESTConfig]. Required.
	Client coordinationclient.LeasesGetter
	// Namespace and Name of the Lease. Required.
	Namespace, Name string
	// Labels are set on the Lease with each write; others stay. Optional.
	Labels map[string]string

	// Identity and EventRecorder serve client-go's elector only, when this
	// lock is used as a resourcelock.Interface.
	Identity      string
	EventRecorder resourcelock.EventRecorder
}

func (c LeaseConfig) validate() error {
	var faults []error
	if c.Client == nil {
		faults = append(faults, errors.New("lock: Client is nil; mend: pass clientset.CoordinationV1()"))
	}
	return errors.Join(append(faults, validateName(c.Namespace, c.Name)...)...)
}

// validateName checks what names an object in a namespace.
func validateName(namespace, name string) (faults []error) {
	if namespace == "" {
		faults = append(faults, errors.New("lock: Namespace \"\" is empty; mend: name the namespace that the program runs in, such as $POD_NAMESPACE has it"))
	} else if msgs := validation.IsDNS1123Label(namespace); len(msgs) > 0 {
		faults = append(faults, fmt.Errorf("lock: Namespace %q is no namespace: %s; mend: name the namespace that the program runs in", namespace, strings.Join(msgs, ", ")))
	}
	if name == "" {
		faults = append(faults, fmt.Errorf("lock: Name \"\", the key, is empty; mend: choose one such as %q", "my-controller"))
	} else if msgs := validation.IsDNS1123Subdomain(name); len(msgs) > 0 {
		faults = append(faults, fmt.Errorf("lock: Name %q is no object name: %s; mend: choose one such as %q", name, strings.Join(msgs, ", "), "my-controller"))
	}
	return faults
}

// Lease is a [Lock] in a Lease of coordination.k8s.io/v1. Make it with
// [NewLease].
type Lease struct {
	object[*coordinationv1.Lease]
}

// NewLease returns the lock that cfg describes. It sends nothing.
func NewLease(cfg LeaseConfig) (*Lease, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Lease{object[*coordinationv1.Lease]{
		form:      leaseForm{},
		client:    func() client[*coordinationv1.Lease] { return cfg.Client.Leases(cfg.Namespace) },
		namespace: cfg.Namespace, name: cfg.Name, labels: cfg.Labels, identity: cfg.Identity, events: cfg.EventRecorder,
	}}, nil
}

// leaseForm keeps a record in a Lease's spec, and leaves strategy and
// preferredHolder alone: they are others' fields.
type leaseForm struct{}

func (leaseForm) kind() Kind { return KindLease }

func (leaseForm) resource(namespace string) resource {
	return resource{coordinationv1.GroupName, "leases", namespace}
}

func (leaseForm) fresh(meta metav1.ObjectMeta) *coordinationv1.Lease {
	return &coordinationv1.Lease{ObjectMeta: meta}
}

func (leaseForm) encode(lease *coordinationv1.Lease, record Record) {
	duration := seconds(record.Duration)
	lease.Spec.HolderIdentity = &record.Holder
	lease.Spec.LeaseDurationSeconds = &duration
	lease.Spec.AcquireTime = microTime(record.Acquired)
	lease.Spec.RenewTime = microTime(record.Renewed)
	lease.Spec.LeaseTransitions = &record.Transitions
}

func (leaseForm) decode(lease *coordinationv1.Lease, _ string) Record {
	return recordOf(resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec))
}

func (leaseForm) get(lease *coordinationv1.Lease) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
	raw, err := json.Marshal(record)
	return record, raw, err
}

func (leaseForm) set(lease *coordinationv1.Lease, record resourcelock.LeaderElectionRecord) error {
	spec := resourcelock.LeaderElectionRecordToLeaseSpec(&record)
	if spec.Strategy == nil { // client-go's elector forgets both
		spec.Strategy, spec.PreferredHolder = lease.Spec.Strategy, lease.Spec.PreferredHolder
	}
	lease.Spec = spec
	return nil
}

// recordOf is what client-go's record says.
func recordOf(r *resourcelock.LeaderElectionRecord) Record {
	return Record{
		Holder:      r.HolderIdentity,
		Duration:    time.Duration(clamp(r.LeaseDurationSeconds)) * time.Second,
		Acquired:    r.AcquireTime.Time,
		Renewed:     r.RenewTime.Time,
		Transitions: int32(clamp(r.LeaderTransitions)),
	}
}

func microTime(t time.Time) *metav1.MicroTime {
	if t.IsZero() {
		return nil
	}
	return &metav1.MicroTime{Time: t}
}
