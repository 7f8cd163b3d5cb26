package dockerchaos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
)

// handling is how long a replica takes for one change, so that there is always
// something to interrupt.
const handling = 40 * time.Millisecond

// trial is a number of replicas, with a lock and a network of their own, and
// what is done to them.
type trial struct {
	name       string // of its network and namespace
	image      string
	kubeconfig string // for containers
	dir        string // of journals and logs
	timings    Timings
	replicas   []string
	say        func(format string, args ...any)

	containers map[string]*container
	network    *network
	ledger     fleet.Ledger
	witness    *witness
	writer     *writer
	pages      http.Client
	lost       chan error // has a container that ended untold

	mu       sync.Mutex // guards the fields below
	cuts     []Cut
	ending   time.Duration
	whole    bool      // all replicas have ended, and all is noted
	findings []Finding // Away and Exit
}

// run plays the rounds, and returns what happened.
func (t *trial) run(ctx context.Context, plane *controlplane.ControlPlane, rounds []round) (err error) {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(plane.Config())
	if err != nil {
		return err
	}
	if _, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: t.name}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	if t.network, err = newNetwork(ctx, t.name, plane); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.network.remove(ctx)) }()
	t.kubeconfig = filepath.Join(t.dir, "kubeconfig")
	if err := writeKubeconfig(t.kubeconfig, plane, t.network.relay); err != nil {
		return err
	}
	if t.witness, err = newWitness(ctx, client, t.name); err != nil {
		return err
	}
	t.writer = &writer{pods: client.CoreV1().Pods(t.name)}
	t.pages.Timeout = time.Second
	t.pages.Transport = &http.Transport{DisableKeepAlives: true} // connections do not outlive a cut
	t.containers, t.lost = make(map[string]*container), make(chan error, len(t.replicas))
	defer func() { err = errors.Join(err, t.removeAll(ctx)) }()

	group, ctx := errgroup.WithContext(ctx)
	beside, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() error { return t.witness.run(beside) })
	group.Go(func() error {
		defer stop()
		return t.play(ctx, group, rounds)
	})
	return group.Wait()
}

// play is the whole story.
func (t *trial) play(ctx context.Context, group *errgroup.Group, rounds []round) error {
	if err := t.start(ctx); err != nil {
		return err
	}
	writing, stop := context.WithCancel(ctx)
	defer stop()
	written := make(chan struct{})
	group.Go(func() error {
		defer close(written)
		return t.writer.run(writing)
	})
	for _, r := range rounds {
		if err := t.round(ctx, r); err != nil {
			return fmt.Errorf("round %d: %w", r.number, err)
		}
	}
	stop()
	<-written
	if err := t.handled(ctx); err != nil {
		return err
	}
	return t.end(ctx)
}

// start starts the replicas, and waits until all have said that they would
// lead: that is a write to the lock, too, which no renewal is to be mistaken for.
func (t *trial) start(ctx context.Context) error {
	flags := append([]string{"-kubeconfig=/kubeconfig", "-namespace=" + t.name, "-journal", "-handling=" + handling.String()}, t.timings.flags()...)
	for _, replica := range t.replicas {
		c, err := t.startContainer(ctx, replica, t.network.address(t.addresses()), flags)
		if err != nil {
			return err
		}
		t.containers[replica] = c
		go t.guard(ctx, c)
	}
	if err := t.until(ctx, 30*time.Second, "all candidates are listed", func() bool { return t.witness.lists(t.replicas) }); err != nil {
		return err
	}
	leader, err := t.settle(ctx)
	if err != nil {
		return err
	}
	t.say("%s leads; standing by: %s", leader, strings.Join(t.others(leader), ", "))
	return nil
}

// guard tells of a container that ends untold.
func (t *trial) guard(ctx context.Context, c *container) {
	<-c.ended
	if !c.told.Load() && ctx.Err() == nil {
		t.lost <- c.lost(ctx)
	}
}

func (t *trial) addresses() (all []netip.Addr) {
	for _, c := range t.containers {
		all = append(all, c.address)
	}
	return all
}

func (t *trial) others(leader string) (all []string) {
	for _, r := range t.replicas {
		if r != leader {
			all = append(all, r)
		}
	}
	return all
}

// lateError says what did not come to be.
type lateError struct {
	patience time.Duration
	what     string
}

func (e *lateError) Error() string {
	return fmt.Sprintf("waited %v in vain until %s", e.patience, e.what)
}

// until waits until something is so, and looks every few milliseconds, since
// some of it can be seen only by asking.
func (t *trial) until(ctx context.Context, patience time.Duration, what string, so func() bool) error {
	timeout := time.After(patience)
	for !so() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case err := <-t.lost:
			t.find(Finding{Exit, err.Error()})
			return err
		case <-timeout:
			return &lateError{patience, what}
		case <-time.After(20 * time.Millisecond):
		}
	}
	return nil
}

// handled waits until all that was written is handled. What is not, after a
// while, is found by Judge.
func (t *trial) handled(ctx context.Context) error {
	err := t.until(ctx, time.Minute, "all is handled", func() bool {
		_, marks := t.witness.seen()
		written, _ := t.writer.all()
		return len(marks) >= len(written)
	})
	var late *lateError
	if errors.As(err, &late) {
		return nil
	}
	return err
}

// end tells all replicas to end, one after another.
func (t *trial) end(ctx context.Context) error {
	t.mu.Lock()
	t.ending = journal.Now()
	t.mu.Unlock()
	for _, replica := range t.replicas {
		if err := t.containers[replica].stop(ctx); err != nil {
			t.find(Finding{Exit, err.Error()})
		}
	}
	if err := t.writer.write(ctx, lastPod); err != nil {
		return err
	}
	if err := t.until(ctx, 30*time.Second, "the watch shows the last pod", t.witness.atEnd); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.whole = true
	return nil
}

func (t *trial) find(f Finding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.findings = append(t.findings, f)
}

func (t *trial) removeAll(ctx context.Context) error {
	var faults []error
	for _, c := range t.containers {
		faults = append(faults, c.remove(ctx))
	}
	return errors.Join(faults...)
}

// history is what has happened until now.
func (t *trial) history() History {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := History{
		Timings: t.timings, Replicas: t.replicas, Lines: t.ledger.All(),
		Cuts: append([]Cut(nil), t.cuts...), Ending: t.ending, Whole: t.whole, Now: journal.Now(),
	}
	if t.witness != nil {
		h.Renewals, h.Marks = t.witness.seen()
	}
	if t.writer != nil {
		h.Written, h.Asked = t.writer.all()
	}
	return h
}
