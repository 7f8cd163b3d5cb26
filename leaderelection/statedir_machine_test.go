package leaderelection_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// machine is a host with the state directory of one pod, whose processes can be
// killed: the real files are one process's, and a test is one process.
type machine struct {
	mu     sync.Mutex // guards the fields below
	place  leaderelection.StatePlace
	data   []byte
	holder *machineLock
	fail   error             // of the next writes
	stall  chan struct{}     // until it is closed, writes take; nil: they do not
	onSave func(data []byte) // told of each write
	denied error             // of each attempt to lock
}

// start is one process's view of a machine.
type start struct {
	*machine
	dead bool
}

type machineLock struct{ from *start }

func newMachine() *machine {
	return &machine{place: leaderelection.StatePlace{Boot: "boot-1", Device: 7, Inode: 42}}
}

// Lock implements leaderelection.StateFiles.
func (s *start) Lock(string) (leaderelection.StateLock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.denied != nil:
		return nil, s.denied
	case s.holder != nil || s.dead:
		return nil, leaderelection.ErrStateDirInUse
	}
	s.holder = &machineLock{s}
	return s.holder, nil
}

// kill is SIGKILL: the kernel's lock is free, and nothing is written any more.
func (s *start) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dead = true
	if s.holder != nil && s.holder.from == s {
		s.holder = nil
	}
}

func (l *machineLock) Place() leaderelection.StatePlace {
	l.from.mu.Lock()
	defer l.from.mu.Unlock()
	return l.from.place
}

func (l *machineLock) Read() ([]byte, error) {
	l.from.mu.Lock()
	defer l.from.mu.Unlock()
	return bytes.Clone(l.from.data), nil
}

func (l *machineLock) Write(data []byte) error {
	m := l.from.machine
	m.mu.Lock()
	stall := m.stall
	m.mu.Unlock()
	if stall != nil {
		<-stall
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l.from.dead {
		return nil
	}
	if m.fail != nil {
		return m.fail
	}
	m.data = bytes.Clone(data)
	if m.onSave != nil {
		m.onSave(data)
	}
	return nil
}

func (l *machineLock) Remove() error {
	m := l.from.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	if !l.from.dead {
		m.data = nil
	}
	return nil
}

func (l *machineLock) Close() error {
	m := l.from.machine
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.holder == l {
		m.holder = nil
	}
	return nil
}

// pod is a replica that is started in place again and again.
type pod struct {
	*replica
	state *start
	stop  func() error
	log   *logged
}

// logged is a log that may be read while it is written.
type logged struct {
	mu sync.Mutex // guards the field below
	b  strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// startPod starts a process of a pod on a machine.
func startPod(t *testing.T, store *locktest.Store, m *machine, identity string) *pod {
	t.Helper()
	p := &pod{state: &start{machine: m}, log: &logged{}}
	p.replica = newReplica(t, store, identity, func(c *leaderelection.Config) {
		c.Pod, c.StateDir, c.StateFiles = "pod", "/state", p.state
		c.Logger = slog.New(slog.NewTextHandler(p.log, nil))
	})
	p.stop = p.start(untilCancelled)
	return p
}

// kill is SIGKILL: nothing that the process does reaches anybody any more.
func (p *pod) kill() {
	p.client.Cut()
	p.state.kill()
}

// ends ends what is left of a process that was killed, after the test.
func (p *pod) ends(t *testing.T) { require.NoError(t, p.stop()) }

// startPodWithFault starts a process whose writes are lost.
func startPodWithFault(t *testing.T, store *locktest.Store, m *machine, identity string) *pod {
	t.Helper()
	p := &pod{state: &start{machine: m}, log: &logged{}}
	p.replica = newReplica(t, store, identity, func(c *leaderelection.Config) { c.StateDir, c.StateFiles = "/state", p.state })
	p.client.SetFault(func(call locktest.Call) locktest.Fault {
		return locktest.Fault{Lost: call.Verb == "swap"}
	})
	p.stop = p.start(untilCancelled)
	return p
}
