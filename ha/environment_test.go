package ha_test

import (
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

const kubeconfig = `
apiVersion: v1
kind: Config
clusters: [{name: here, cluster: {server: "http://127.0.0.1:1"}}]
contexts: [{name: here, context: {cluster: here, namespace: team}}, {name: bare, context: {cluster: here}}]
current-context: `

// outside clears all that could tell a process where it is.
func outside(t *testing.T) {
	t.Helper()
	for _, name := range []string{"KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT", "POD_NAME", "POD_NAMESPACE", ha.EnabledVariable} {
		t.Setenv(name, "")
	}
	t.Setenv("KUBECONFIG", "")
	t.Setenv("HOME", t.TempDir())
}

var inPod = map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

func with(env map[string]string, name, value string) map[string]string {
	env = maps.Clone(env)
	env[name] = value
	return env
}

func write(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestEnvironment(t *testing.T) {
	tests := []struct {
		name, file, text  string
		env               map[string]string
		electing, cluster bool
		namespace, err    string
	}{
		{name: "alone, automatic"},
		{name: "alone, off", env: map[string]string{ha.EnabledVariable: "false"}},
		{name: "kubeconfig, automatic", text: kubeconfig + "here", electing: true, cluster: true, namespace: "team"},
		{name: "kubeconfig, on", text: kubeconfig + "here", env: map[string]string{ha.EnabledVariable: "true"}, electing: true, cluster: true, namespace: "team"},
		{name: "kubeconfig, off", text: kubeconfig + "here", env: map[string]string{ha.EnabledVariable: "false"}, cluster: true, namespace: "team"},
		{name: "the pod's namespace goes first", text: kubeconfig + "here", env: map[string]string{"POD_NAMESPACE": "pods"}, electing: true, cluster: true, namespace: "pods"},
		{name: "a context without namespace", text: kubeconfig + "bare", electing: true, cluster: true},
		{name: "neither", env: map[string]string{ha.EnabledVariable: "yes"}, err: `$LEADER_ELECTION_ENABLED "yes" is neither true nor false; mend: true, false, or nothing`},
		{name: "a named file that is not there", file: "/nowhere/config", err: `kubeconfig "/nowhere/config": `},
		{name: "one that cannot be read", text: "clusters: 7", err: "mend: correct what $KUBECONFIG or ~/.kube/config says"},
		{name: "a context that is not there", text: kubeconfig + "gone", err: "mend: correct"},
		{name: "a pod without an account", env: inPod, err: "this is a pod, but not one that can reach its API server"},
		{name: "a pod without an account, alone", env: with(inPod, ha.EnabledVariable, "false")},
		{name: "a pod without an account, with a kubeconfig", text: kubeconfig + "here", env: inPod, electing: true, cluster: true, namespace: "team"},
		{name: "half a pod", env: map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, err: "not one that can reach"},
		{name: "a pod with a clean environment", env: map[string]string{"POD_NAME": "a"}, err: "nothing tells where its API server is"},
		{name: "a pod with a clean environment, alone", env: map[string]string{"POD_NAME": "a", ha.EnabledVariable: "false"}},
		{name: "no current context", text: kubeconfig + `""`, err: "mend: correct"},
		{name: "an empty kubeconfig", text: "\n", err: "mend: correct"},
		{name: "a kubeconfig that is gone", env: map[string]string{"KUBECONFIG": "/nowhere/config"}, err: "mend: correct"},
		{name: "several that are gone", env: map[string]string{"KUBECONFIG": "/nowhere/a:/nowhere/b"}, err: "mend: correct"},
		{name: "a context without a cluster", text: strings.ReplaceAll(kubeconfig, "cluster: here,", "cluster: gone,") + "here", err: "mend: correct"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			outside(t)
			if test.text != "" {
				t.Setenv("KUBECONFIG", write(t, test.text))
			}
			for name, value := range test.env {
				t.Setenv(name, value)
			}
			env, err := ha.NewEnvironment(test.file)
			if test.err != "" {
				require.ErrorContains(t, err, test.err)
				neverLeads(t, env, err)
				return
			}
			require.NoError(t, err)
			require.Equal(t, test.electing, env.Electing)
			require.Equal(t, test.cluster, env.Config != nil)
			require.Equal(t, test.namespace, env.Namespace)
			require.NotEmpty(t, env.Why)
		})
	}
}

func TestNewRunner(t *testing.T) {
	outside(t)
	t.Setenv("KUBECONFIG", write(t, kubeconfig+"here"))
	t.Setenv("POD_NAME", "pod-a")
	env, err := ha.NewEnvironment("")
	require.NoError(t, err)
	runner, err := env.NewRunner("program", leaderelection.Config{Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	elector, ok := runner.(*leaderelection.Elector)
	require.True(t, ok)
	require.Equal(t, "lease team/program", elector.Status().Lock)
	require.Contains(t, elector.Status().Identity, "pod-a_")

	_, err = env.NewRunner("program", leaderelection.Config{LeaseDuration: time.Second})
	require.ErrorContains(t, err, "RenewDeadline")
	_, err = env.NewRunner("", leaderelection.Config{})
	require.ErrorContains(t, err, "Name")

	env.Namespace = ""
	neverLeads(t, env, nil)
	_, err = env.NewRunner("program", leaderelection.Config{})
	require.ErrorContains(t, err, `namespace "" is not known`)
	require.ErrorContains(t, err, "mend: set $POD_NAMESPACE")

	env.Electing = false
	runner, err = env.NewRunner("program", leaderelection.Config{})
	require.NoError(t, err)
	require.Equal(t, leaderelection.Plain{}, runner)
}

func TestEnabledWithoutACluster(t *testing.T) {
	outside(t)
	t.Setenv(ha.EnabledVariable, "true")
	env, err := ha.NewEnvironment("")
	require.NoError(t, err)
	_, err = env.NewRunner("program", leaderelection.Config{})
	require.ErrorContains(t, err, "$LEADER_ELECTION_ENABLED true needs a cluster")
	neverLeads(t, env, nil)
	neverLeads(t, ha.Environment{}, nil)
}

// neverLeads: whoever ignores all errors gets a Group that does not start.
func neverLeads(t *testing.T, env ha.Environment, because error) {
	t.Helper()
	runner, err := env.NewRunner("program", leaderelection.Config{})
	require.Error(t, err)
	if because != nil {
		require.ErrorIs(t, err, because)
	}
	_, err = ha.New(ha.Config{Runner: runner, Leader: []ha.Component{new(stage).component("x")}})
	require.ErrorIs(t, err, leaderelection.ErrNilElector)
}
