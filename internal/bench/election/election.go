// Package election measures electors on a real control plane: Regent's and
// client-go's on the same API server, in the same run, with the same timings.
//
// Every replica is a goroutine with connections of its own, so that all times
// are of one clock. What a replica is, package candidate says; what comes of it,
// package report.
package election

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/controlplane"
)

// Bench is one run.
type Bench struct {
	Plane *controlplane.ControlPlane
	Size  Size
	// Only names the one part that is to be measured. "" = all.
	Only string
	// Say is told what is being done, a line at a time.
	Say func(format string, args ...any)

	admin   *kubernetes.Clientset
	results report.Results
}

// namespace is where all locks are.
const namespace = "bench"

// kinds are what is compared.
func kinds() []candidate.Kind { return []candidate.Kind{candidate.Regent, candidate.ClientGo} }

// Run measures everything. An error means that nothing was measured, or that
// Regent broke a promise.
func (b *Bench) Run(ctx context.Context) (report.Results, error) {
	if err := b.validate(); err != nil {
		return report.Results{}, err
	}
	start := time.Now()
	if err := b.prepare(ctx); err != nil {
		return report.Results{}, fmt.Errorf("election: %w", err)
	}
	for _, part := range b.parts() {
		if b.Only != "" && b.Only != part.name {
			continue
		}
		began := time.Now()
		if err := part.run(ctx); err != nil {
			return b.results, fmt.Errorf("election: %s: %w", part.name, err)
		}
		b.Say("%s: done after %.0f s", part.name, time.Since(began).Seconds())
	}
	b.results.Took = time.Since(start).Round(100 * time.Millisecond).Seconds()
	return b.results, nil
}

// part is what can be measured by itself.
type part struct {
	name string
	run  func(context.Context) error
}

func (b *Bench) parts() []part {
	return []part{
		{"memory", b.footprints}, // first: before there is garbage
		{"hand-over", b.handOvers},
		{"crash", b.crashes},
		{"rest", b.rest},
	}
}

func (b *Bench) validate() error {
	fault := b.Size.validate()
	var names []string
	for _, p := range b.parts() {
		if b.Only == "" || b.Only == p.name {
			return fault
		}
		names = append(names, p.name)
	}
	return errors.Join(fault, fmt.Errorf("election: Only is %q; mend: one of %q", b.Only, names))
}

func (b *Bench) prepare(ctx context.Context) error {
	var err error
	if b.admin, err = kubernetes.NewForConfig(b.Plane.Config()); err != nil {
		return err
	}
	if b.results.Machine, err = ReadMachine(b.admin); err != nil {
		return err
	}
	_, err = b.admin.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}, metav1.CreateOptions{})
	return err
}

// client is a new process's.
func (b *Bench) client(kind candidate.Kind) (*candidate.Client, error) {
	return candidate.NewClient(kind, b.Plane.Config())
}

// clients are those of n processes.
func (b *Bench) clients(kind candidate.Kind, n int) ([]*candidate.Client, error) {
	all := make([]*candidate.Client, n)
	for i := range all {
		var err error
		if all[i], err = b.client(kind); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// start makes a set whose replicas are in processes of their own. The first
// leads.
func (b *Bench) start(ctx context.Context, kind candidate.Kind, cfg candidate.Config, replicas int) (*candidate.Set, error) {
	clients, err := b.clients(kind, replicas)
	if err != nil {
		return nil, err
	}
	cfg.Namespace = namespace
	s := candidate.NewSet(cfg)
	for _, c := range clients {
		if err := s.Join(c); err != nil {
			return nil, closeAfter(err, s)
		}
		if err := s.Lead(ctx); err != nil {
			return nil, closeAfter(err, s)
		}
	}
	return s, nil
}
