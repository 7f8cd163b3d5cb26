package main_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/regent-ha/regent/internal/journal"
)

const serving = `msg="serving .*" address=(\S+)`

// With the arguments of the Deployment it serves the pages that its probes ask
// for.
func TestPages(t *testing.T) {
	t.Parallel()
	container := deployment(t).Spec.Template.Spec.Containers[0]
	r := newReplicas(t, admin(t), plane.Namespace(t), "-listen=127.0.0.1:0")
	leader, err := r.Launch(append(container.Args, r.flags...)...)
	require.NoError(t, err)
	r.await(t, journal.Leads, leader.Name)
	page := pages(t, r)

	for _, probe := range []*corev1.Probe{container.LivenessProbe, container.ReadinessProbe} {
		code, text := page(probe.HTTPGet.Path)
		require.Equal(t, http.StatusOK, code, text)
		require.Equal(t, container.Ports[0].Name, probe.HTTPGet.Port.String())
	}
	require.Equal(t, []string{"/healthz", "/readyz"}, []string{container.LivenessProbe.HTTPGet.Path, container.ReadinessProbe.HTTPGet.Path})
	require.Contains(t, container.Args, fmt.Sprintf("-listen=:%d", container.Ports[0].ContainerPort))
	code, text := page("/leaderz")
	require.Equal(t, http.StatusOK, code, text)
	var who struct {
		Leader, Replica, Phase string
		Leads                  bool
		Token                  uint64
	}
	require.NoError(t, json.Unmarshal([]byte(text), &who))
	require.True(t, who.Leads)
	require.Equal(t, "leading", who.Phase)
	require.Equal(t, who.Replica, who.Leader)
	require.Contains(t, who.Leader, leader.Name)
	require.NotZero(t, who.Token)
	code, text = page("/metrics")
	require.Equal(t, http.StatusOK, code)
	require.Regexp(t, `(?m)^regent_controller_leading\S* 1$`, text)
	require.Regexp(t, `(?m)^regent_leaderelection_leader.* 1$`, text)
	code, _ = page("/other")
	require.Equal(t, http.StatusNotFound, code)
}

// A replica that reaches no API server is alive, and not ready.
func TestPagesWithoutAPIServer(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, write(t, []byte(nobody)), "default", "-listen=127.0.0.1:0")
	p, err := r.Launch(r.flags...)
	require.NoError(t, err)
	page := pages(t, r)
	r.log.await(t, `connection refused`)
	code, _ := page("/healthz")
	require.Equal(t, http.StatusOK, code)
	code, text := page("/readyz")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, text, "no list of the objects yet")
	require.NoError(t, p.Terminate())
	require.NoError(t, r.Retire(p), "SIGTERM ends it all the same")
}

// nobody is a kubeconfig for an address at which nobody listens.
const nobody = `{apiVersion: v1, kind: Config, current-context: a,
clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}],
users: [{name: a, user: {}}], contexts: [{name: a, context: {cluster: a, user: a}}]}`

func TestPortTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	address := taken.Addr().String()
	code, said := start(t, "-kubeconfig="+write(t, []byte(nobody)), "-namespace=default", "-listen="+address)
	require.Equal(t, 1, code)
	require.Contains(t, said, "-listen="+address)
	require.Contains(t, said, "in use")
	require.Contains(t, said, "mend")
}

func deployment(t *testing.T) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	manifest(t, "Deployment", d)
	return d
}

// pages returns a function that gets a page of the only replica.
func pages(t *testing.T, r *replicas) func(path string) (code int, text string) {
	address := r.log.await(t, serving)[1]
	return func(path string) (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+path, http.NoBody)
		require.NoError(t, err)
		response, err := http.DefaultClient.Do(request)
		require.NoError(t, err)
		defer func() { _ = response.Body.Close() }()
		text, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response.StatusCode, string(text)
	}
}
