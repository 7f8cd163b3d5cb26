package main_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

const spaces = "/api/v1/spaces"

// replicas are those of a test, as processes on the real API server.
type replicas struct {
	*pods.Pods
	client    kubernetes.Interface
	namespace string
	flags     []string // without addresses
	log       *log
}

func newReplicas(t *testing.T, server *controlplane.ControlPlane, flags ...string) *replicas {
	t.Helper()
	client, err := kubernetes.NewForConfig(server.Config())
	require.NoError(t, err)
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, server.WriteKubeconfig(kubeconfig))
	r := &replicas{client: client, namespace: cptest.Namespace(t, server), log: &log{}}
	r.flags = append([]string{
		"-kubeconfig=" + kubeconfig, "-namespace=" + r.namespace,
		"-lease-duration=3s", "-renew-deadline=2s", "-retry-period=500ms",
	}, flags...)
	r.Pods, err = pods.New(pods.Config{Program: program, Flags: r.flags, Client: client.CoreV1().Pods(r.namespace), Log: r.log})
	require.NoError(t, err)
	kept := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { kept <- r.Keep(ctx, func(*pods.Pod, int) {}) }()
	t.Cleanup(func() {
		stop()
		if err := <-kept; err != nil {
			t.Log(err) // the test has taken its API server down
		}
		r.Close()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// start starts a replica, and waits until it is ready.
func (r *replicas) start(t *testing.T) *pods.Pod {
	t.Helper()
	pod, err := r.Start(t.Context())
	require.NoError(t, err)
	return pod
}

// leading starts two, and returns the one that leads and the other.
func (r *replicas) leading(t *testing.T) (leader, other *pods.Pod) {
	t.Helper()
	leader = r.start(t)
	await(t, func() bool { return page(t, leader).Mode == ha.ModeLeader })
	return leader, r.start(t)
}

// page is what a replica says of itself.
func page(t *testing.T, pod *pods.Pod) (p ha.Page) {
	t.Helper()
	answer := ask(t, http.MethodGet, pod.Pages, "/ha.json", "")
	require.Equal(t, http.StatusOK, answer.code, answer.text)
	require.NoError(t, json.Unmarshal([]byte(answer.text), &p))
	return p
}

// answered is a response that was read.
type answered struct {
	code     int
	servedBy string
	text     string
}

func ask(t *testing.T, method, address, path, body string) answered {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answered{response.StatusCode, response.Header.Get("Served-By"), string(text)}
}

// find gets a space.
func find(t *testing.T, address, name string) (s space.Space) {
	t.Helper()
	answer := ask(t, http.MethodGet, address, spaces+"/"+name, "")
	if answer.code == http.StatusNotFound {
		return s
	}
	require.Equal(t, http.StatusOK, answer.code, answer.text)
	require.NoError(t, json.Unmarshal([]byte(answer.text), &s))
	return s
}

// await asks again and again.
func await(t *testing.T, what func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !what(); {
		require.True(t, time.Now().Before(deadline), "never")
		<-time.After(20 * time.Millisecond)
	}
}

// log is what replicas log.
type log struct {
	mu   sync.Mutex // guards the field below
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
