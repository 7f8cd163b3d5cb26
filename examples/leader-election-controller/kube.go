package main

import (
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/leaderelection"
)

// kubeConfig is that of a file if one is named, else of the pod's service
// account, else of $KUBECONFIG or ~/.kube/config.
func kubeConfig(file string) (*rest.Config, error) {
	cfg, err := rest.InClusterConfig()
	if file != "" || errors.Is(err, rest.ErrNotInCluster) {
		rules := clientcmd.NewDefaultClientConfigLoadingRules()
		rules.ExplicitPath = file
		cfg, err = clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{}).ClientConfig()
	}
	switch {
	case clientcmd.IsEmptyConfig(err):
		return nil, errors.New("kubeconfig: this is no pod, and neither $KUBECONFIG nor ~/.kube/config names a cluster; mend: give -kubeconfig")
	case err != nil && file != "":
		return nil, fmt.Errorf("-kubeconfig=%s: %w; mend: name a readable kubeconfig file", file, err)
	case err != nil:
		return nil, fmt.Errorf("kubeconfig: %w; mend: give -kubeconfig", err)
	}
	cfg.QPS = -1 // the API server shares itself out; client-go's 5 requests a second would hold up the work
	return cfg, nil
}

// events makes "kubectl describe lease" tell who led when.
func events(client kubernetes.Interface, namespace, lease string) *leaderelection.KubernetesEvents {
	return &leaderelection.KubernetesEvents{
		Client: client.CoreV1(),
		Object: corev1.ObjectReference{APIVersion: "coordination.k8s.io/v1", Kind: "Lease", Namespace: namespace, Name: lease},
	}
}
