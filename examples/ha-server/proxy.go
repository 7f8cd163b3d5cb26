package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"

	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// proxyWrites makes the API send what writes to the leader, where its pod
// listens at the same port as this one. The API needs that for nothing, as any
// replica may write; a program whose writes only the leader can do would. nil:
// this replica handles them itself, as it does without an election.
func proxyWrites(o options, runner leaderelection.Runner, pods corev1client.PodInterface, logger *slog.Logger) (func(http.Handler) (http.Handler, error), error) {
	elector, ok := runner.(*leaderelection.Elector)
	if !o.proxyWrites || !ok {
		return nil, nil
	}
	_, service, err := net.SplitHostPort(o.api)
	if err != nil {
		return nil, fmt.Errorf("-api=%s: %w; mend: host and port, such as :8080", o.api, err)
	}
	port, err := strconv.Atoi(service)
	if err != nil {
		return nil, fmt.Errorf("-api=%s: the port is no number, and -proxy-writes needs it; mend: such as :8080", o.api)
	}
	leader, err := ha.PodURL(pods, "http", port)
	if err != nil {
		return nil, fmt.Errorf("-proxy-writes with -api=%s: %w", o.api, err)
	}
	return func(local http.Handler) (http.Handler, error) {
		return ha.NewProxy(ha.ProxyConfig{Status: elector.Status, Local: local, LeaderURL: leader, Logger: logger})
	}, nil
}
