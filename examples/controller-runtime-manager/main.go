// Command controller-runtime-manager is a manager of controller-runtime that
// follows an Elector.
//
// It shows: a ManagerLink, with which a standby fills its caches and takes over
// within milliseconds; a client that writes only in a valid term; a process
// that goes on with another manager after it has lost the lock. The work: a
// ConfigMap with the label
//
//	regent-ha.github.io/example=true
//
// gets the annotation regent-ha.github.io/token: the token of the leader that
// reconciled it last.
//
// It needs: a cluster, and the right to get, list, watch and update ConfigMaps
// and to get, create, update and watch Leases in one namespace. In two
// terminals:
//
//	go run ./examples/controller-runtime-manager -namespace default
//	go run ./examples/controller-runtime-manager -namespace default
//
// and then
//
//	kubectl create configmap one
//	kubectl label configmap one regent-ha.github.io/example=true
//
// You will see: one of the two is elected and reconciles. Press Ctrl-C there:
// the other does in the same moment. "kubectl delete lease
// controller-runtime-manager" makes the leader start another manager.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

const (
	name       = "controller-runtime-manager"
	label      = "regent-ha.github.io/example"
	annotation = "regent-ha.github.io/token"
)

func main() {
	namespace := flag.String("namespace", "default", "of the lock and of the ConfigMaps")
	flag.Parse() // -kubeconfig is controller-runtime's
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	ctrl.SetLogger(logr.FromSlogHandler(logger.Handler()))
	if err := run(ctx, *namespace, logger); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run returns nil when ctx has ended, what was being reconciled has returned
// and the lock was released.
func run(ctx context.Context, namespace string, logger *slog.Logger) error {
	cfg, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	electionClient, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	if err != nil {
		return err
	}
	elector, err := leaderelection.New(name, namespace, nil, electionClient, logger)
	if err != nil {
		return err
	}
	gated := rest.CopyConfig(cfg)
	gated.Wrap(leaderelection.Gate)
	for {
		err := manage(ctx, gated, namespace, elector)
		if !errors.Is(err, leaderelection.ErrLeadershipLost) {
			return err
		}
		logger.Warn("going on with another manager", "error", err)
	}
}

// manage makes a manager and runs it for one term. A manager starts once.
func manage(ctx context.Context, cfg *rest.Config, namespace string, elector *leaderelection.Elector) error {
	link := elector.ManagerLink()
	mgr, err := ctrl.NewManager(cfg, ctrl.Options{
		LeaderElection:                      true,
		LeaderElectionResourceLockInterface: link.Lock(),
		BaseContext:                         link.BaseContext,
		GracefulShutdownTimeout:             new(time.Duration(-1)), // the lock is kept until all has returned
		Controller: config.Controller{
			EnableWarmup:       new(true), // standbys fill their caches
			SkipNameValidation: new(true), // or there could be no second manager
		},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{namespace: {}}},
		Metrics: server.Options{BindAddress: "0"},
	})
	if err != nil {
		return err
	}
	if err := ctrl.NewControllerManagedBy(mgr).For(&corev1.ConfigMap{}).Complete(&reconciler{mgr.GetClient()}); err != nil {
		return err
	}
	return link.Run(ctx, mgr)
}

type reconciler struct{ client client.Client }

// Reconcile implements reconcile.Reconciler. Its context carries the term and
// ends with it.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var object corev1.ConfigMap
	if err := r.client.Get(ctx, request.NamespacedName, &object); err != nil || object.Labels[label] != "true" {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	term, ok := leaderelection.TermFromContext(ctx)
	if !ok {
		return ctrl.Result{}, errors.New("Reconcile was called without a term")
	}
	token := strconv.FormatUint(term.Token(), 10)
	if object.Annotations[annotation] == token {
		return ctrl.Result{}, nil
	}
	if object.Annotations == nil {
		object.Annotations = make(map[string]string)
	}
	object.Annotations[annotation] = token
	ctrl.LoggerFrom(ctx).Info("reconciled", "token", term.Token())
	return ctrl.Result{}, r.client.Update(ctx, &object) // refused if it has changed, or the term is over
}
