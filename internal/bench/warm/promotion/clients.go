package promotion

import (
	"log/slog"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// newClient returns a client for the objects: in protobuf, as a manager of
// controller-runtime reads pods, and without a limit of requests per second,
// which the configuration has not either.
func newClient(cfg *rest.Config) (*kubernetes.Clientset, error) {
	cfg = rest.CopyConfig(cfg)
	cfg.ContentType = runtime.ContentTypeProtobuf
	return kubernetes.NewForConfig(cfg)
}

// newElector returns an Elector as programs make it.
func newElector(cfg *rest.Config, name string) (*leaderelection.Elector, error) {
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	if err != nil {
		return nil, err
	}
	return leaderelection.NewDefault(name, namespace, client, slog.New(slog.DiscardHandler))
}
