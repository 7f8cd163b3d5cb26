package main

import (
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/leaderelection"
)

// clients are two for one API server. The election has a third, of its own.
type clients struct {
	// any is for what every replica does: it writes whether this one leads or not.
	any kubernetes.Interface
	// leader is for what the leader does: it sends no write without a valid term.
	leader kubernetes.Interface
}

func newClients(config *rest.Config) (clients, error) {
	config = rest.CopyConfig(config)
	config.QPS = -1 // the API server shares itself out; client-go's 5 requests a second would hold up the work
	plain, err := kubernetes.NewForConfig(config)
	if err != nil {
		return clients{}, err
	}
	config.Wrap(leaderelection.Gate)
	gated, err := kubernetes.NewForConfig(config)
	return clients{any: plain, leader: gated}, err
}
