// Command kooper08 is a replica whose controller and leader election are those
// of kooper v0.8.0, whose lock is a ConfigMap. It is built and run by the tests
// of the package mixed.
//
// It is wired, and ends, as kooper's own example does: after a loss, and after
// SIGTERM, the process ends without a release, and until then its workers go on.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/spotahome/kooper/log"
	"github.com/spotahome/kooper/operator/controller"
	"github.com/spotahome/kooper/operator/controller/leaderelection"
	"github.com/spotahome/kooper/operator/handler"
	"github.com/spotahome/kooper/operator/retrieve"
)

// options are the command line.
type options struct {
	kubeconfig, namespace, name string
	lock                        leaderelection.LockConfig
}

func main() {
	var o options
	flag.StringVar(&o.kubeconfig, "kubeconfig", "", "how to reach the API server")
	flag.StringVar(&o.namespace, "namespace", "", "of the lock and of the ConfigMaps that are handled")
	flag.StringVar(&o.name, "name", "", "of the lock")
	flag.DurationVar(&o.lock.LeaseDuration, "lease-duration", 0, "")
	flag.DurationVar(&o.lock.RenewDeadline, "renew-deadline", 0, "")
	flag.DurationVar(&o.lock.RetryPeriod, "retry-period", 0, "")
	flag.Parse()
	j := &journal{replica: os.Getenv("POD_NAME"), w: os.Stdout}
	err := run(o, j)
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", j.replica, err)
	}
	j.write(ends)
	if err != nil {
		os.Exit(1)
	}
}

func run(o options, j *journal) error {
	cfg, err := clientcmd.BuildConfigFromFlags("", o.kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	logger := &log.Std{}
	runner, err := leaderelection.New(o.name, o.namespace, &o.lock, client, logger)
	if err != nil {
		return err
	}
	stop := make(chan struct{})
	job := &job{journal: j, stop: stop, ended: make(chan struct{})}
	ctrl := controller.New(&controller.Config{Name: o.name, ConcurrentWorkers: 2, ProcessingJobRetries: 5},
		handlerOf(job), changes(client, o.namespace), runner, nil, nil, logger)
	ran := make(chan error, 1)
	go func() { ran <- ctrl.Run(stop) }()
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM)
	j.write(standby)
	select {
	case err := <-ran:
		if err == nil {
			err = errors.New("the controller ended")
		}
		return err
	case <-signals:
		close(stop)
		job.join()
		return nil
	}
}

func handlerOf(job *job) handler.Handler {
	return &handler.HandlerFunc{
		AddFunc: func(_ context.Context, obj runtime.Object) error {
			if cm, ok := obj.(*corev1.ConfigMap); ok && cm.Name == jobName {
				job.work()
			}
			return nil
		},
		DeleteFunc: func(context.Context, string) error { return nil },
	}
}

func changes(client kubernetes.Interface, namespace string) retrieve.Retriever {
	return &retrieve.Resource{
		Object: &corev1.ConfigMap{},
		ListerWatcher: &cache.ListWatch{
			ListFunc: func(o metav1.ListOptions) (runtime.Object, error) {
				o.LabelSelector = handled
				return client.CoreV1().ConfigMaps(namespace).List(o)
			},
			WatchFunc: func(o metav1.ListOptions) (watch.Interface, error) {
				o.LabelSelector = handled
				return client.CoreV1().ConfigMaps(namespace).Watch(o)
			},
		},
	}
}
