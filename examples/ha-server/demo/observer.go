package main

import (
	"context"
	"fmt"
	"strings"
	"sync"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/verdict"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
)

// observer tells what happens as the API server has it, not as the replicas
// say: who holds the lock, and what is provisioned in which term.
type observer struct {
	ledger           *fleet.Ledger
	leases, accounts watch.Interface

	mu   sync.Mutex // guards the field below
	made []verdict.Provision
}

func newObserver(ctx context.Context, client kubernetes.Interface, ledger *fleet.Ledger) (*observer, error) {
	leases, err := client.CoordinationV1().Leases(namespace).Watch(ctx, metav1.ListOptions{FieldSelector: "metadata.name=" + lockName})
	if err != nil {
		return nil, err
	}
	accounts, err := client.CoreV1().ServiceAccounts(namespace).Watch(ctx, metav1.ListOptions{LabelSelector: space.Selector})
	if err != nil {
		leases.Stop()
		return nil, err
	}
	return &observer{ledger: ledger, leases: leases, accounts: accounts}, nil
}

// run observes until ctx ends.
func (o *observer) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	var now holding
	group.Go(func() error {
		return each(ctx, o.leases, func(event watch.Event) { now = o.lease(event, now) })
	})
	group.Go(func() error { return each(ctx, o.accounts, o.account) })
	return group.Wait()
}

func each(ctx context.Context, changes watch.Interface, tell func(watch.Event)) error {
	defer changes.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case event, ok := <-changes.ResultChan():
			if ctx.Err() != nil {
				return nil
			}
			if !ok || event.Type == watch.Error {
				return fmt.Errorf("the demo's own watch has ended: %v", event.Object)
			}
			tell(event)
		}
	}
}

// holding is who holds the lock; zero: nobody.
type holding struct {
	identity string
	token    uint64
}

// lease notes when there is another term than before, also of the same pod.
func (o *observer) lease(event watch.Event, before holding) (now holding) {
	lease, ok := event.Object.(*coordinationv1.Lease)
	if !ok {
		return before
	}
	if id := lease.Spec.HolderIdentity; id != nil && *id != "" {
		now = holding{*id, space.Token(lease.Annotations)}
	}
	if now == before {
		return now
	}
	at := journal.Now()
	if before.identity != "" {
		o.ledger.Add(journal.Line{At: at, Kind: journal.Drained, Replica: podOf(before.identity), Token: before.token})
	}
	if now.identity != "" {
		o.ledger.Add(journal.Line{At: at, Kind: journal.Leads, Replica: podOf(now.identity), Token: now.token})
	}
	return now
}

// podOf is the pod in an identity, which has a random part behind it.
func podOf(identity string) string {
	pod, _, _ := strings.Cut(identity, "_")
	return pod
}

// account notes what was provisioned.
func (o *observer) account(event watch.Event) {
	account, ok := event.Object.(*corev1.ServiceAccount)
	if !ok || event.Type != watch.Added {
		return
	}
	p := verdict.Provision{Name: strings.TrimPrefix(account.Name, space.ObjectName("")), UID: account.Annotations[space.UIDAnnotation], Token: space.Token(account.Annotations)}
	o.ledger.Add(journal.Line{At: journal.Now(), Kind: journal.Handled, Token: p.Token, Pod: p.Name})
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made = append(o.made, p)
}

func (o *observer) provisions() []verdict.Provision {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]verdict.Provision(nil), o.made...)
}

// leads waits for a term after the former.
func (o *observer) leads(ctx context.Context, former journal.Line) (journal.Line, error) {
	return o.ledger.Await(ctx, "another term begins", func(line journal.Line) bool {
		return line.Kind == journal.Leads && line.Token > former.Token
	})
}

// first waits for the first that was provisioned in a term.
func (o *observer) first(ctx context.Context, term journal.Line) (journal.Line, error) {
	return o.ledger.Await(ctx, term.Replica+" provisions", func(line journal.Line) bool {
		return line.Kind == journal.Handled && line.Token == term.Token
	})
}
