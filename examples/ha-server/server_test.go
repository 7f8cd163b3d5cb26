package main_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

// Every replica serves; one runs the controllers, and a SIGTERM makes the other
// start them in place.
func TestLeaderAndNonLeaderMode(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, plane.Get(t))
	r.Env = []string{"LEADER_ELECTION_ENABLED=true"}
	leader, other := r.leading(t)
	require.Equal(t, map[string]string{"api": "running", "spaces": "running", "expiry": "running"}, states(t, leader))
	require.Equal(t, map[string]string{"api": "running", "spaces": "standby", "expiry": "standby"}, states(t, other))
	for _, pod := range []*pods.Pod{leader, other} {
		name := "by-" + pod.Name
		made := ask(t, http.MethodPost, pod.API, spaces, `{"name":"`+name+`","owner":"ann"}`)
		require.Equal(t, http.StatusCreated, made.code, made.text)
		require.Equal(t, pod.Name, made.servedBy)
		await(t, func() bool { return find(t, other.API, name).Phase == space.Ready })
	}
	metrics := ask(t, http.MethodGet, leader.Pages, "/metrics", "").text
	require.Regexp(t, `(?m)^regent_leaderelection_leader.* 1$`, metrics)
	require.Regexp(t, `(?m)^regent_controller_leading\{controller="spaces"\} 1$`, metrics)
	require.Regexp(t, `(?m)^regent_ha_component_state\{component="spaces",group="ha-server",list="leader",state="running"\} 1$`, metrics)

	pid, started := other.Process.PID(), page(t, other).Started
	require.NoError(t, leader.Process.Terminate())
	require.NoError(t, r.Retire(leader.Process), "exit code 0")
	await(t, func() bool { return page(t, other).Mode == ha.ModeLeader })
	require.Equal(t, map[string]string{"api": "running", "spaces": "running", "expiry": "running"}, states(t, other))
	require.Equal(t, pid, other.Process.PID())
	require.Equal(t, started, page(t, other).Started, "in place")
	made := ask(t, http.MethodPost, other.API, spaces, `{"name":"next","owner":"ann","ttl":"1s"}`)
	require.Equal(t, http.StatusCreated, made.code, made.text)
	await(t, func() bool { return find(t, other.API, "next").Name == "" })
	_, err := r.client.CoreV1().ServiceAccounts(r.namespace).Get(t.Context(), "space-next", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), "what was provisioned goes with it: %v", err)
	require.NoError(t, r.StopAll())
	lease, err := r.client.CoordinationV1().Leases(r.namespace).Get(t.Context(), "ha-server", metav1.GetOptions{})
	require.NoError(t, err)
	require.Empty(t, lease.Spec.HolderIdentity, "released by the last one")
	require.NotContains(t, r.log.String(), "level=ERROR")
}

// states are those of the components of a replica.
func states(t *testing.T, pod *pods.Pod) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for _, c := range page(t, pod).Components {
		all[c.Name] = string(c.State)
	}
	return all
}

// LEADER_ELECTION_ENABLED=false: a single replica leads at once, by the same
// code path, and keeps no lock.
func TestWithoutElection(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, plane.Get(t), "-proxy-writes")
	r.Env = []string{"LEADER_ELECTION_ENABLED=false"}
	alone := r.start(t)
	await(t, func() bool { return page(t, alone).Mode == ha.ModeLeader })
	require.Nil(t, page(t, alone).Election)
	require.Equal(t, http.StatusCreated, ask(t, http.MethodPost, alone.API, spaces, `{"name":"a","owner":"ann"}`).code)
	await(t, func() bool { return find(t, alone.API, "a").Phase == space.Ready })
	require.Zero(t, find(t, alone.API, "a").Token)
	_, err := r.client.CoordinationV1().Leases(r.namespace).Get(t.Context(), "ha-server", metav1.GetOptions{})
	require.True(t, apierrors.IsNotFound(err), err)
	require.NoError(t, r.StopAll(), "exit code 0")
}

// With -proxy-writes the leader handles what writes, whoever is asked; with
// -leader-label its pod has the label.
func TestProxyAndLabel(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, plane.Get(t), "-proxy-writes", "-leader-label")
	leader, other := r.leading(t)
	made := ask(t, http.MethodPost, other.API, spaces, `{"name":"a","owner":"ann"}`)
	require.Equal(t, http.StatusCreated, made.code, made.text)
	require.Equal(t, leader.Name, made.servedBy)
	require.Equal(t, other.Name, ask(t, http.MethodGet, other.API, spaces, "").servedBy)
	refused := ask(t, http.MethodPost, other.API, spaces, `{"name":"A","owner":"ann"}`)
	require.Equal(t, http.StatusBadRequest, refused.code)
	require.Equal(t, leader.Name, refused.servedBy)
	await(t, func() bool {
		labelled, err := r.client.CoreV1().Pods(r.namespace).List(t.Context(), metav1.ListOptions{LabelSelector: "ha-server.regent-ha.github.io/role=leader"})
		require.NoError(t, err)
		return len(labelled.Items) == 1 && labelled.Items[0].Name == leader.Name
	})
}

// While the API server is down a replica says so to each client, and ends
// nothing; when it is back, all goes on.
func TestAPIServerDown(t *testing.T) {
	t.Parallel()
	server := cptest.Start(t, controlplane.Config{})
	r := newReplicas(t, server)
	pod := r.start(t)
	require.Equal(t, http.StatusCreated, ask(t, http.MethodPost, pod.API, spaces, `{"name":"before","owner":"ann"}`).code)
	require.NoError(t, server.StopAPIServer())
	for _, request := range []struct{ method, path, body string }{
		{http.MethodPost, spaces, `{"name":"during","owner":"ann"}`},
		{http.MethodGet, spaces, ""},
		{http.MethodGet, spaces + "?watch=true", ""},
		{http.MethodGet, spaces + "/before", ""},
		{http.MethodDelete, spaces + "/before", ""},
	} {
		got := ask(t, request.method, pod.API, request.path, request.body)
		require.Equal(t, http.StatusServiceUnavailable, got.code, got.text)
		require.Contains(t, got.text, `"error":`)
	}
	require.Equal(t, http.StatusOK, ask(t, http.MethodGet, pod.Pages, "/healthz", "").code)
	require.NoError(t, server.StartAPIServer(t.Context()))
	await(t, func() bool {
		return ask(t, http.MethodPost, pod.API, spaces, `{"name":"after","owner":"ann"}`).code == http.StatusCreated
	})
	await(t, func() bool { return find(t, pod.API, "after").Phase == space.Ready })
	require.Equal(t, "before", find(t, pod.API, "before").Name)
	require.NoError(t, pod.Process.Terminate())
	require.NoError(t, r.Retire(pod.Process))
}
