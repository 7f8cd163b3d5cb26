package lock

import (
	"context"
	"encoding/json"
	"errors"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// A Lease also serves client-go's elector, and controller-runtime's through
// Options.LeaderElectionResourceLockInterface. What Regent promises beyond
// them does not hold there: that elector counts its deadline from the reply,
// polls, ends its work late and ends the process. The methods below keep its
// state, so one Lease serves one elector of client-go and, like client-go's
// own locks, one goroutine.
var _ resourcelock.Interface = (*Lease)(nil)

// Get implements resourcelock.Interface.
func (l *Lease) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	lease, err := l.client().Get(ctx, l.cfg.Name, metav1.GetOptions{})
	if err != nil {
		return nil, nil, err
	}
	l.remember(lease)
	record := resourcelock.LeaseSpecToLeaderElectionRecord(&lease.Spec)
	raw, err := json.Marshal(record)
	return record, raw, err
}

// Create implements resourcelock.Interface.
func (l *Lease) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	lease := &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Namespace: l.cfg.Namespace, Name: l.cfg.Name},
		Spec:       resourcelock.LeaderElectionRecordToLeaseSpec(&record),
	}
	l.label(lease)
	lease, err := l.client().Create(ctx, lease, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	l.remember(lease)
	return nil
}

// Update implements resourcelock.Interface.
func (l *Lease) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	if last == nil {
		return errors.New("lock: Update before Get or Create; mend: call one of them first")
	}
	lease := last.DeepCopy()
	spec := resourcelock.LeaderElectionRecordToLeaseSpec(&record)
	if spec.Strategy == nil { // client-go's elector forgets both
		spec.Strategy, spec.PreferredHolder = last.Spec.Strategy, last.Spec.PreferredHolder
	}
	lease.Spec = spec
	l.label(lease)
	lease, err := l.client().Update(ctx, lease, metav1.UpdateOptions{})
	if err != nil {
		return err
	}
	l.remember(lease)
	return nil
}

func (l *Lease) remember(lease *coordinationv1.Lease) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = lease
}

// RecordEvent implements resourcelock.Interface.
func (l *Lease) RecordEvent(message string) {
	l.mu.Lock()
	last := l.last
	l.mu.Unlock()
	if l.cfg.EventRecorder == nil || last == nil {
		return
	}
	subject := &coordinationv1.Lease{
		TypeMeta:   metav1.TypeMeta{APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: "Lease"},
		ObjectMeta: last.ObjectMeta,
	}
	l.cfg.EventRecorder.Eventf(subject, corev1.EventTypeNormal, "LeaderElection", "%s %s", l.cfg.Identity, message)
}

// Identity implements resourcelock.Interface.
func (l *Lease) Identity() string { return l.cfg.Identity }

// Describe implements resourcelock.Interface.
func (l *Lease) Describe() string { return l.cfg.Namespace + "/" + l.cfg.Name }
