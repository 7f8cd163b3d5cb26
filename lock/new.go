package lock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// Config says which objects are the lock, for [New].
type Config struct {
	// Kind is where the record is kept. "" finds out, at the first Read: in
	// both if a ConfigMap of that name has a [LeaderAnnotation], however old,
	// so that nobody who knows only the ConfigMap leads at the same time; else
	// in a Lease.
	//
	// KindLease refuses to work (ErrConfigMapHeld) while a ConfigMap of that
	// name is held by somebody who does not hold the Lease as well.
	Kind Kind
	// Leases and ConfigMaps reach the API server. Give them connections of
	// their own: see [RESTConfig]. Required: Leases but for KindConfigMap,
	// ConfigMaps always.
	Leases     coordinationclient.LeasesGetter
	ConfigMaps corev1client.ConfigMapsGetter
	// Namespace and Name of the Lease and the ConfigMap. Required.
	Namespace, Name string
	// Labels are set on both with each write; others stay. Optional.
	Labels map[string]string
}

// ErrConfigMapHeld: a Lease alone is no lock while others use the ConfigMap of
// that name.
var ErrConfigMapHeld = errors.New("held through a ConfigMap")

// New returns the lock of a kind. It sends nothing.
func New(cfg Config) (Lock, error) {
	if cfg.Kind == KindConfigMap {
		return newConfigMap(cfg)
	}
	lease, err := NewLease(LeaseConfig{Client: cfg.Leases, Namespace: cfg.Namespace, Name: cfg.Name, Labels: cfg.Labels})
	switch cfg.Kind {
	case "", KindLease, KindMulti:
	default:
		return nil, errors.Join(fmt.Errorf("lock: Kind %q is none; mend: %q, %q, %q, or leave it empty", cfg.Kind, KindLease, KindConfigMap, KindMulti), err)
	}
	if err != nil {
		return nil, err
	}
	configMap, err := newConfigMap(cfg)
	if err != nil {
		return nil, err
	}
	multi := newMulti(configMap, lease)
	if cfg.Kind == KindMulti {
		return multi, nil
	}
	return &chosen{kind: cfg.Kind, configMap: configMap, lease: lease, multi: multi}, nil
}

func newConfigMap(cfg Config) (*ConfigMap, error) {
	return NewConfigMap(ConfigMapConfig{Client: cfg.ConfigMaps, Namespace: cfg.Namespace, Name: cfg.Name, Labels: cfg.Labels})
}

// chosen is a lock that looks at the ConfigMap before its first Read.
type chosen struct {
	kind      Kind // KindLease or ""
	configMap *ConfigMap
	lease     *Lease
	multi     *Multi

	mu   sync.Mutex // guards the field below
	lock Lock       // nil until it is known
}

// String names the lease until it is known to be both.
func (c *chosen) String() string {
	if l := c.get(); l != nil {
		return l.String()
	}
	return c.lease.String()
}

func (c *chosen) get() Lock {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lock
}

// set settles the choice, unless a Read beside this one has.
func (c *chosen) set(l Lock) Lock {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lock == nil {
		c.lock = l
	}
	return c.lock
}

// Read implements [Lock].
func (c *chosen) Read(ctx context.Context) (Snapshot, error) {
	l := c.get()
	if l == nil {
		var err error
		if l, err = c.choose(ctx); err != nil {
			return Snapshot{}, err
		}
		l = c.set(l)
	}
	s, err := l.Read(ctx)
	return s, c.mend(err)
}

// choose looks at the ConfigMap. Who may not read it has never led by it.
func (c *chosen) choose(ctx context.Context) (Lock, error) {
	s, err := c.configMap.Read(ctx)
	switch {
	case errors.Is(err, ErrNotFound), errors.Is(err, ErrForbidden):
		return c.lease, nil
	case err != nil:
		return nil, err
	}
	if stored, ok := s.Object.(*corev1.ConfigMap); !ok || stored.Annotations[LeaderAnnotation] == "" {
		return c.lease, nil
	}
	if c.kind == "" {
		return c.multi, nil
	}
	if held(s.Record, time.Now()) {
		return nil, fmt.Errorf("get %s: %w: %q holds %s, not the lease; mend: Kind %q or \"\" until no replica uses the ConfigMap alone",
			c.lease, ErrConfigMapHeld, s.Holder, c.configMap, KindMulti)
	}
	return c.lease, nil
}

// clockSkew is how far clocks may be apart for [held].
const clockSkew = time.Minute

// held reports whether somebody seems to hold the record alone. It is asked
// once, and so has to go by the holder's wall clock.
func held(r Record, now time.Time) bool {
	switch {
	case r.Problem != nil:
		return true
	case r.Holder == "", r.Joint:
		return false
	}
	return now.Before(r.Renewed.Add(2*r.Duration + clockSkew))
}

// mend says what else helps if Leases are forbidden.
func (c *chosen) mend(err error) error {
	if c.kind == "" && errors.Is(err, ErrForbidden) {
		return fmt.Errorf("%w; or keep the record in a ConfigMap: Kind: lock.KindConfigMap", err)
	}
	return err
}

var errUnread = errors.New("lock: used before the first Read; mend: Read first")

// Insert implements [Lock].
func (c *chosen) Insert(ctx context.Context, record Record) (Snapshot, error) {
	l := c.get()
	if l == nil {
		return Snapshot{}, errUnread
	}
	s, err := l.Insert(ctx, record)
	return s, c.mend(err)
}

// Swap implements [Lock].
func (c *chosen) Swap(ctx context.Context, old Snapshot, record Record) (Snapshot, error) {
	l := c.get()
	if l == nil {
		return Snapshot{}, errUnread
	}
	s, err := l.Swap(ctx, old, record)
	return s, c.mend(err)
}

// Watch implements [Lock]. Each time it looks at the ConfigMap again: it may
// have been there all the while, behind a Role that came late, or come back.
func (c *chosen) Watch(ctx context.Context, version string) (<-chan Event, error) {
	l := c.get()
	if l == nil {
		return nil, errUnread
	}
	if l == Lock(c.lease) {
		now, err := c.choose(ctx)
		if errors.Is(err, ErrConfigMapHeld) || err == nil && now != l {
			c.mu.Lock()
			c.lock = nil
			c.mu.Unlock()
			return nil, fmt.Errorf("watch %s: %w: the lock is not in the lease alone, as it seemed", c.lease, ErrExpired)
		}
	}
	return l.Watch(ctx, version)
}
