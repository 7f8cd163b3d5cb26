package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/regent-ha/regent/examples/leader-election-controller/manifests"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/narrator"
)

// cluster is an API server with the example's manifests in it.
type cluster struct {
	plane     *controlplane.ControlPlane
	namespace string
	account   string // kubeconfig of the example's service account
	admin     string // kubeconfig of an administrator
}

func startCluster(ctx context.Context, out *narrator.Narrator, dir string) (*cluster, error) {
	out.Say("starting a real etcd and kube-apiserver (the first time they are downloaded or built)")
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: out})
	if err != nil {
		return nil, err
	}
	c := &cluster{plane: plane, account: filepath.Join(dir, "account"), admin: filepath.Join(dir, "admin")}
	out.Say("the API server is ready at %s", plane.Config().Host)
	if err := errors.Join(c.apply(ctx), plane.WriteKubeconfig(c.admin)); err != nil {
		return nil, errors.Join(err, plane.Stop())
	}
	out.Say("applied namespace, service account, role and flow schema of the example's manifests; the replicas run as that service account, with no other rights")
	return c, nil
}

// apply applies the manifests but those of pods, which nobody would run here.
func (c *cluster) apply(ctx context.Context) error {
	all, err := manifests.Objects()
	if err != nil {
		return err
	}
	var objects []*unstructured.Unstructured
	var account string
	for _, object := range all {
		switch object.GetKind() {
		case "Deployment", "PodDisruptionBudget":
			continue
		case "ServiceAccount":
			account, c.namespace = object.GetName(), object.GetNamespace()
		}
		objects = append(objects, object)
	}
	if err := manifests.Apply(ctx, c.plane.Config(), objects); err != nil {
		return err
	}
	user, err := c.plane.User(fmt.Sprintf("system:serviceaccount:%s:%s", c.namespace, account), "system:serviceaccounts")
	if err != nil {
		return err
	}
	kubeconfig, err := controlplane.Kubeconfig(user)
	if err != nil {
		return err
	}
	return os.WriteFile(c.account, kubeconfig, 0o600)
}
