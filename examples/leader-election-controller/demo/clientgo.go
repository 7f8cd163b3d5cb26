package main

import (
	"context"
	"flag"
	"io"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"

	"github.com/regent-ha/regent/internal/journal"
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
