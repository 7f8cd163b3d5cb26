package promotion

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/bench/election"
	"github.com/regent-ha/regent/internal/bench/warm/outcome"
	"github.com/regent-ha/regent/internal/controlplane"
)

const (
	// namespace is where all pods and locks are.
	namespace = "bench"
	// workers is how many objects are handled at a time: Regent's default.
	workers = 3
	// pause passes before each promotion.
	pause = 100 * time.Millisecond
	// patience bounds one promotion.
	patience = 2 * time.Minute
)

// Bench is one run.
type Bench struct {
	Plane *controlplane.ControlPlane
	Size  Size
	// Say is told what is being done, a line at a time.
	Say func(format string, args ...any)

	results    outcome.Results
	candidates []candidate
}

// Run measures everything.
func (b *Bench) Run(ctx context.Context) (r outcome.Results, err error) {
	start := time.Now()
	defer func() {
		for _, c := range b.candidates {
			err = errors.Join(err, c.close())
		}
	}()
	if err := b.prepare(ctx); err != nil {
		return r, fmt.Errorf("promotion: %w", err)
	}
	for round := range b.Size.Rounds {
		b.Say("round %d of %d", round+1, b.Size.Rounds)
		for _, i := range rand.Perm(len(b.candidates)) {
			if err := b.play(ctx, i); err != nil {
				return b.results, fmt.Errorf("promotion: %s: %w", b.candidates[i].kind(), err)
			}
		}
	}
	b.results.Took = time.Since(start).Round(100 * time.Millisecond).Seconds()
	return b.results, nil
}

// play promotes one candidate.
func (b *Bench) play(ctx context.Context, i int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	calm()
	d, err := b.candidates[i].promote(ctx)
	if err != nil {
		return err
	}
	row := &b.results.Rows[i]
	row.First, row.All = append(row.First, d.first), append(row.All, d.all)
	n, _ := b.candidates[i].lists()
	row.Lists = n - row.Before
	return nil
}

func (b *Bench) prepare(ctx context.Context) error {
	cfg := b.Plane.Config()
	admin, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	b.results = outcome.Results{
		ControllerRuntime: election.Dependency("sigs.k8s.io/controller-runtime"), Load: load(), Objects: b.Size.Objects, Workers: workers,
	}
	if b.results.Machine, err = election.ReadMachine(admin); err != nil {
		return err
	}
	if _, err = admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	b.Say("creating %d pods", b.Size.Objects)
	if b.results.Bytes, err = createPods(ctx, admin, b.Size.Objects); err != nil {
		return err
	}
	if err := b.enter(ctx); err != nil {
		return err
	}
	for _, c := range b.candidates {
		n, ok := c.lists()
		b.results.Rows = append(b.results.Rows, outcome.Row{Kind: c.kind(), Before: n, Counted: ok})
	}
	return nil
}

// enter makes the candidates.
func (b *Bench) enter(ctx context.Context) error {
	cfg, n := b.Plane.Config(), b.Size.Objects
	warm, err := newRegent(cfg, outcome.Warm, "warm", n)
	if err != nil {
		return err
	}
	b.candidates = append(b.candidates, warm)
	if err := warm.keepWarm(ctx); err != nil {
		return err
	}
	cold, err := newRegent(cfg, outcome.Cold, "cold", n)
	if err != nil {
		return err
	}
	bare, err := newFloor(ctx, cfg, n)
	if err != nil {
		return err
	}
	b.candidates = append(b.candidates, cold,
		&managers{cfg: cfg, tally: newTally(n)}, &managers{cfg: cfg, warm: true, tally: newTally(n)}, bare)
	return nil
}

// calm collects the garbage of the promotion before, and lets everything rest.
func calm() {
	runtime.GC()
	time.Sleep(pause)
}

// until asks again and again.
func until(ctx context.Context, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}
