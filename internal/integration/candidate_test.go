package integration_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// patience is how long something may take on a machine that is busy.
const patience = time.Minute

// candidate is a running Elector, and what was seen of it.
type candidate struct {
	*leaderelection.Elector
	terms chan *term
	log   *log
	stop  func() // waits
}

// term is one of a candidate's.
type term struct {
	*leaderelection.Term
	ended chan error // why it ended, once
}

// arena notices when two are at work at once.
type arena struct {
	mu     sync.Mutex // guards the fields below
	atWork []string
	faults []string
}

func (a *arena) enter(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.atWork) > 0 {
		a.faults = append(a.faults, fmt.Sprintf("%s works beside %v", who, a.atWork))
	}
	a.atWork = append(a.atWork, who)
}

func (a *arena) leave(who string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.atWork = slices.DeleteFunc(a.atWork, func(w string) bool { return w == who })
}

// newArena fails the test in which two are at work at once.
func newArena(t *testing.T) *arena {
	a := new(arena)
	t.Cleanup(func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		assert.Empty(t, a.faults)
	})
	return a
}

// log is what an Elector logs.
type log struct {
	mu sync.Mutex // guards the field below
	b  bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.ReplaceAll(l.b.String(), `\"`, `"`)
}

// newClient returns a client for an election.
func newClient(t *testing.T, cfg *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	require.NoError(t, err)
	return client
}

// newLease returns the lock namespace/lock.
func newLease(t *testing.T, client kubernetes.Interface, namespace string) *lock.Lease {
	t.Helper()
	l, err := lock.NewLease(lock.LeaseConfig{Client: client.CoordinationV1(), Namespace: namespace, Name: "lock"})
	require.NoError(t, err)
	return l
}

// start runs a candidate with 5 s, 3 s and 1 s until the test ends.
func start(t *testing.T, a *arena, l lock.Lock, identity string, change func(*leaderelection.Config)) *candidate {
	t.Helper()
	c := &candidate{terms: make(chan *term, 100), log: new(log)}
	cfg := leaderelection.Config{
		Lock: l, Identity: identity, LeaseDuration: 5 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: time.Second,
		Logger: slog.New(slog.NewTextHandler(c.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	c.Elector, err = leaderelection.NewElector(cfg)
	require.NoError(t, err)
	c.run(t, a, identity)
	return c
}

func (c *candidate) run(t *testing.T, a *arena, identity string) {
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() {
		result <- c.Run(ctx, func(ctx context.Context) error {
			a.enter(identity)
			defer a.leave(identity)
			now, _ := leaderelection.TermFromContext(ctx)
			led := &term{Term: now, ended: make(chan error, 1)}
			c.terms <- led
			<-ctx.Done()
			led.ended <- context.Cause(ctx)
			return nil
		})
	}()
	c.stop = sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, await(t, result, "Run returns"))
	})
	t.Cleanup(func() {
		c.stop()
		if t.Failed() {
			t.Logf("log of %s:\n%s", identity, c.log)
		}
	})
}

// await returns what arrives on c.
func await[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		require.FailNow(t, "not within "+patience.String(), what)
		panic("unreachable")
	}
}

// leads is the next term of c.
func (c *candidate) leads(t *testing.T) *term {
	t.Helper()
	return await(t, c.terms, c.Status().Identity+" leads")
}

// eventually waits for a state that nobody reports.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, patience, 20*time.Millisecond, what)
}

// unhealthy waits for a fault in Check and returns it.
func (c *candidate) unhealthy(t *testing.T, says string) error {
	t.Helper()
	err := errors.New("none")
	eventually(t, "Check says "+says, func() bool {
		if now := c.Check(nil); now != nil {
			err = now
		}
		return strings.Contains(err.Error(), says)
	})
	return err
}

// renewed waits for a renewal.
func (led *term) renewed(t *testing.T) {
	t.Helper()
	before := led.Deadline()
	eventually(t, "a renewal", func() bool { return led.Deadline().After(before.Add(time.Second / 2)) })
}
