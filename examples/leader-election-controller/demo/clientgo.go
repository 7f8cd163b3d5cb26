package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// clientGo is the sub command, for the demo's own use, that is one replica
// with client-go's elector: what a controller has that uses no Regent.
const clientGo = "client-go-replica"

func runClientGo(ctx context.Context, args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet(clientGo, flag.ContinueOnError)
	kubeconfig := flags.String("kubeconfig", "", "")
	namespace := flags.String("namespace", "", "")
	var t timings
	flags.DurationVar(&t.lease, "lease-duration", 0, "")
	flags.DurationVar(&t.renew, "renew-deadline", 0, "")
	flags.DurationVar(&t.retry, "retry-period", 0, "")
	if err := flags.Parse(args); err != nil {
		return err
	}
	cfg, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	name := os.Getenv("POD_NAME")
	said := journal.New(name, stdout)
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: &resourcelock.LeaseLock{
			LeaseMeta:  metav1.ObjectMeta{Namespace: *namespace, Name: clientGo},
			Client:     client.CoordinationV1(),
			LockConfig: resourcelock.ResourceLockConfig{Identity: name},
		},
		LeaseDuration: t.lease, RenewDeadline: t.renew, RetryPeriod: t.retry,
		ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{
			OnStartedLeading: func(context.Context) { said.Write(journal.Line{Kind: journal.Leads}) },
			OnStoppedLeading: func() {},
			OnNewLeader: func(leader string) {
				if leader != name {
					said.Write(journal.Line{Kind: journal.Standby})
				}
			},
		},
	})
	if err != nil {
		return err
	}
	elector.Run(ctx)
	return nil
}

// peer measures client-go's elector beside ours: on the same API server, with
// the same timings, and nothing to drain.
type peer struct {
	fleet *fleet
	out   *output

	took []time.Duration // of each hand-over
}

// run hands over again and again until done is closed, and at least thrice.
func (p *peer) run(ctx context.Context, done <-chan struct{}, args []string) error {
	if err := p.fleet.startAll(ctx, append([]string{clientGo}, args...)...); err != nil {
		return fmt.Errorf("client-go: %w", err)
	}
	defer p.fleet.killAll()
	for {
		// Standbys poll, each at its own pace: any moment is as good as another.
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(time.Second + rand.N(2*time.Second)):
		}
		took, err := p.handOver(ctx)
		if err != nil {
			return fmt.Errorf("client-go: %w", err)
		}
		p.took = append(p.took, took)
		p.out.say("(client-go's elector: SIGTERM to its leader, the next leads %s later)", ms(took))
		select {
		case <-done:
			if len(p.took) >= 3 {
				return nil
			}
		default:
		}
	}
}

func (p *peer) handOver(ctx context.Context) (time.Duration, error) {
	leader, former, err := p.fleet.leader()
	if err != nil {
		return 0, err
	}
	sent := journal.Now()
	if err := leader.terminate(); err != nil {
		return 0, err
	}
	next, err := p.fleet.successor(ctx, former)
	if err != nil {
		return 0, err
	}
	if err := p.fleet.retire(leader); err != nil {
		return 0, err
	}
	return next.At - sent, p.fleet.start(ctx)
}
