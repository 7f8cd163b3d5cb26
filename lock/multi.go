package lock

import (
	"bytes"
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// Multi is a [Lock] in a ConfigMap and a Lease, which are held only together:
// see [Join]. With it a fleet moves from the one to the other in two rolling
// updates: to KindMulti, and when no replica is left that knows only the
// ConfigMap, to KindLease.
type Multi struct {
	joint
	configMap *ConfigMap
	lease     *Lease
}

// NewMulti returns the lock that is both. It sends nothing.
func NewMulti(configMap *ConfigMap, lease *Lease) (*Multi, error) {
	if configMap == nil || lease == nil {
		return nil, errors.New("lock: NewMulti of nil; mend: pass what NewConfigMap and NewLease return, and check their errors")
	}
	return newMulti(configMap, lease), nil
}

func newMulti(configMap *ConfigMap, lease *Lease) *Multi {
	return &Multi{joint: joint{first: configMap, second: lease}, configMap: configMap, lease: lease}
}

// Get implements resourcelock.Interface. Of records that differ it returns the
// ConfigMap's, and both as what is compared; if the Lease is held by another,
// the Lease's.
func (m *Multi) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	first, rawFirst, err := m.configMap.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	second, rawSecond, err := m.lease.Get(ctx)
	if apierrors.IsNotFound(err) {
		m.lease.forget()
		return first, rawFirst, nil
	}
	if err != nil {
		return nil, nil, err
	}
	raw := bytes.Join([][]byte{rawFirst, rawSecond}, []byte("\n"))
	if second.HolderIdentity != "" && second.HolderIdentity != first.HolderIdentity {
		return second, raw, nil
	}
	return first, raw, nil
}

// Create implements resourcelock.Interface.
func (m *Multi) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if err := m.configMap.Create(ctx, record); err != nil {
		return err
	}
	return m.setLease(ctx, record)
}

// Update implements resourcelock.Interface.
func (m *Multi) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity == "" { // a release: in the other order
		return errors.Join(m.setLease(ctx, record), m.configMap.Update(ctx, record))
	}
	if err := m.configMap.Update(ctx, record); err != nil {
		return err
	}
	return m.setLease(ctx, record)
}

func (m *Multi) setLease(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if _, ok := m.lease.recall(); ok {
		return m.lease.Update(ctx, record)
	}
	return m.lease.Create(ctx, record)
}

// RecordEvent implements resourcelock.Interface. The event is the ConfigMap's.
func (m *Multi) RecordEvent(message string) { m.configMap.RecordEvent(message) }

// Identity implements resourcelock.Interface.
func (m *Multi) Identity() string { return m.configMap.Identity() }

// Describe implements resourcelock.Interface.
func (m *Multi) Describe() string { return m.configMap.Describe() }
