package lock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
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
	cfg LeaseConfig

	mu   sync.Mutex            // guards the field below
	last *coordinationv1.Lease // what client-go's elector read or wrote last
}

// NewLease returns the lock that cfg describes. It sends nothing.
func NewLease(cfg LeaseConfig) (*Lease, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Lease{cfg: cfg}, nil
}

// String names the lock: "lease namespace/name".
func (l *Lease) String() string { return "lease " + l.cfg.Namespace + "/" + l.cfg.Name }

// Read implements [Lock].
func (l *Lease) Read(ctx context.Context) (Snapshot, error) {
	lease, err := l.client().Get(ctx, l.cfg.Name, metav1.GetOptions{})
	return l.result("get", lease, err)
}

// Insert implements [Lock].
func (l *Lease) Insert(ctx context.Context, record Record) (Snapshot, error) {
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Namespace: l.cfg.Namespace, Name: l.cfg.Name}}
	l.encode(lease, record)
	lease, err := l.client().Create(ctx, lease, metav1.CreateOptions{})
	if apierrors.IsNotFound(err) {
		err = &apiError{ErrRejected, fmt.Errorf("%w; mend: create the namespace, or name the one that the program runs in", err)}
		return Snapshot{}, fmt.Errorf("create %s: %w", l, err)
	}
	return l.result("create", lease, err)
}

// Swap implements [Lock].
func (l *Lease) Swap(ctx context.Context, old Snapshot, record Record) (Snapshot, error) {
	stored, ok := old.Object.(*coordinationv1.Lease)
	if !ok {
		return Snapshot{}, fmt.Errorf("update %s: the snapshot is of another lock (%T); mend: pass what Read or Watch of this lock returned", l, old.Object)
	}
	lease := stored.DeepCopy() // with its UID and resourceVersion: the server compares both
	if record.Nonce == old.Nonce {
		lease.Annotations = encodeCandidates(lease.Annotations, record.Candidates)
	} else {
		l.encode(lease, record)
	}
	lease, err := l.client().Update(ctx, lease, metav1.UpdateOptions{})
	return l.result("update", lease, err)
}

func (l *Lease) client() coordinationclient.LeaseInterface {
	return l.cfg.Client.Leases(l.cfg.Namespace)
}

func (l *Lease) result(verb string, lease *coordinationv1.Lease, err error) (Snapshot, error) {
	if err != nil {
		r := resource{coordinationv1.GroupName, "leases", l.cfg.Namespace}
		return Snapshot{}, fmt.Errorf("%s %s: %w", verb, l, r.classify(verb, err))
	}
	return l.snapshot(lease), nil
}

func (l *Lease) snapshot(lease *coordinationv1.Lease) Snapshot {
	return Snapshot{Record: l.decode(lease), UID: string(lease.UID), Version: lease.ResourceVersion, Object: lease}
}

// encode writes the record into the Lease and leaves the rest of it alone:
// strategy and preferredHolder are others' fields.
func (l *Lease) encode(lease *coordinationv1.Lease, record Record) {
	record.Acquired, record.Renewed = record.Acquired.Truncate(time.Microsecond), record.Renewed.Truncate(time.Microsecond)
	duration := seconds(record.Duration)
	lease.Spec.HolderIdentity = &record.Holder
	lease.Spec.LeaseDurationSeconds = &duration
	lease.Spec.AcquireTime = microTime(record.Acquired)
	lease.Spec.RenewTime = microTime(record.Renewed)
	lease.Spec.LeaseTransitions = &record.Transitions
	lease.Annotations = encodeAnnotations(lease.Annotations, record)
	l.label(lease)
}

func (l *Lease) label(lease *coordinationv1.Lease) {
	if lease.Labels == nil && len(l.cfg.Labels) > 0 {
		lease.Labels = make(map[string]string, len(l.cfg.Labels))
	}
	for k, v := range l.cfg.Labels {
		lease.Labels[k] = v
	}
}

func (l *Lease) decode(lease *coordinationv1.Lease) Record {
	spec := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
	r := Record{
		Holder:      spec.HolderIdentity,
		Duration:    time.Duration(spec.LeaseDurationSeconds) * time.Second,
		Acquired:    spec.AcquireTime.Time,
		Renewed:     spec.RenewTime.Time,
		Transitions: int32(spec.LeaderTransitions),
	}
	decodeAnnotations(lease.Annotations, &r, l.String())
	return r
}

func microTime(t time.Time) *metav1.MicroTime {
	if t.IsZero() {
		return nil
	}
	return &metav1.MicroTime{Time: t}
}
