package dockerchaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/regent-ha/regent/internal/controlplane"
)

// Serve runs etcd and kube-apiserver for the containers of a network, until ctx
// ends: for those who do by hand what Run does, and have no cluster. It writes
// a kubeconfig to file as soon as both serve, and removes it at the end.
func Serve(ctx context.Context, network, file string, out io.Writer) (err error) {
	_, gateway, err := inspect(ctx, network)
	if err != nil {
		return fmt.Errorf("%w; mend: docker network create %s", err, network)
	}
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	r, err := newRelay(gateway, plane)
	if err != nil {
		return err
	}
	defer r.stop()
	if err := writeKubeconfig(file, plane, r); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(file)) }()
	_, _ = fmt.Fprintf(out, "an API server for the containers of %s is at %s; kubeconfig: %s; interrupt to stop\n", network, r.address(), file)
	<-ctx.Done()
	return nil
}
