package helmtest_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/examples/ha-server/manifests"
	server "github.com/regent-ha/regent/examples/leader-election-controller/manifests"
)

// pages are the flags of the two pages that the example follows.
var pages = []string{"replicaCount=3", "string:env.LEADER_ELECTION_ENABLED=true"}

func TestChartAndOverlaysAreTheSame(t *testing.T) {
	for name, flags := range map[string][]string{"one": nil, "ha": pages} {
		t.Run(name, func(t *testing.T) {
			want := overlay(t, name)
			require.Contains(t, want, "Namespace ha-server")
			delete(want, "Namespace ha-server")
			got := rendered(t, flags...)
			for key, object := range want {
				require.Contains(t, got, key)
				require.Equal(t, object.Object, got[key].Object, key)
				delete(got, key)
			}
			require.Empty(t, got, "the chart has more")
		})
	}
}

// The base is what the tests of the role and of the manifests read.
func TestOverlaysAreTheBaseAndWhatTheySay(t *testing.T) {
	base, err := manifests.Base()
	require.NoError(t, err)
	one, three := overlay(t, "one"), overlay(t, "ha")
	require.Len(t, one, len(base))
	require.Len(t, three, len(base))
	for _, object := range base {
		key := object.GetKind() + " " + object.GetName()
		if object.GetKind() != "Deployment" {
			require.Equal(t, object.Object, one[key].Object)
			require.Equal(t, object.Object, three[key].Object)
			continue
		}
		var want appsv1.Deployment
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &want))
		want.Spec.Template.Spec.Containers[0].Image = "ha-server:dev"
		require.Equal(t, want, *deployment(t, one))
		*want.Spec.Replicas = 3
		want.Spec.Template.Spec.Containers[0].Env = append(want.Spec.Template.Spec.Containers[0].Env,
			corev1.EnvVar{Name: "LEADER_ELECTION_ENABLED", Value: "true"})
		require.Equal(t, want, *deployment(t, three))
	}
}

func deployment(t *testing.T, o objects) *appsv1.Deployment {
	t.Helper()
	d := &appsv1.Deployment{}
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o["Deployment ha-server"].Object, d, true))
	return d
}

func TestValues(t *testing.T) {
	t.Run("drain", func(t *testing.T) {
		pod := deployment(t, rendered(t, "shutdownDelaySeconds=7", "drainTimeoutSeconds=60")).Spec.Template.Spec
		require.EqualValues(t, 7+60+10, *pod.TerminationGracePeriodSeconds)
		require.Subset(t, pod.Containers[0].Args, []string{"-shutdown-delay=7s", "-drain-timeout=60s", "-renew-deadline=10s"})
	})
	t.Run("without an election", func(t *testing.T) {
		d := deployment(t, rendered(t, "string:env.LEADER_ELECTION_ENABLED=false"))
		require.Equal(t, appsv1.DeploymentStrategy{Type: appsv1.RecreateDeploymentStrategyType}, d.Spec.Strategy, "never two at a time")
	})
	t.Run("rights follow what is used", func(t *testing.T) {
		for flags, verbs := range map[string][]any{
			"leaderLabel=true":                    {"list", "patch"},
			"proxyWrites=true":                    {"get", "list", "patch"},
			"proxyWrites=true,leaderLabel=false":  {"get"},
			"proxyWrites=false,leaderLabel=false": nil,
		} {
			o := rendered(t, flags)
			var got []any
			for _, rule := range o["Role ha-server"].Object["rules"].([]any) {
				if rule := rule.(map[string]any); slices.Equal(rule["resources"].([]any), []any{"pods"}) {
					got = rule["verbs"].([]any)
				}
			}
			require.Equal(t, verbs, got, flags)
			args := deployment(t, o).Spec.Template.Spec.Containers[0].Args
			require.Equal(t, strings.Contains(flags, "proxyWrites=true"), slices.Contains(args, "-proxy-writes"))
			labels := !strings.Contains(flags, "leaderLabel=false")
			require.Equal(t, labels, slices.Contains(args, "-leader-label"))
			require.Equal(t, labels, o["Service ha-server-leader"] != nil, flags)
		}
	})
	t.Run("the rest", func(t *testing.T) {
		o := rendered(t, "flowSchema=false", "image.repository=example.com/x", "string:image.tag=1.0", "image.pullPolicy=Always",
			"imagePullSecrets[0].name=s", "nodeSelector.a=b", "tolerations[0].operator=Exists", "string:env.GOMEMLIMIT=100MiB",
			"string:env.HTTPS_PROXY=http://p", "resources.requests.memory=1Gi", "replicaCount=0")
		require.NotContains(t, o, "FlowSchema ha-server.ha-server")
		d := deployment(t, o)
		pod := d.Spec.Template.Spec
		require.Equal(t, "example.com/x:1.0", pod.Containers[0].Image)
		require.Equal(t, corev1.PullAlways, pod.Containers[0].ImagePullPolicy)
		require.Equal(t, []corev1.LocalObjectReference{{Name: "s"}}, pod.ImagePullSecrets)
		require.Equal(t, map[string]string{"a": "b"}, pod.NodeSelector)
		require.Equal(t, []corev1.Toleration{{Operator: "Exists"}}, pod.Tolerations)
		require.Equal(t, []corev1.EnvVar{{Name: "GOMEMLIMIT", Value: "100MiB"}, {Name: "HTTPS_PROXY", Value: "http://p"}}, pod.Containers[0].Env[2:])
		require.Equal(t, "1Gi", pod.Containers[0].Resources.Requests.Memory().String())
		require.Zero(t, *d.Spec.Replicas)
	})
}

func TestWrongValuesAreRefused(t *testing.T) {
	for flags, says := range map[string][]string{
		"replicas=3":                             {"additional properties 'replicas' not allowed"},
		"replicaCount=three":                     {"/replicaCount", "got string, want integer"},
		"replicaCount=-1":                        {"/replicaCount", "minimum"},
		"replicaCount=1.5":                       {"/replicaCount", "want integer"},
		"env.LEADER_ELECTION_ENABLED=true":       {"/env/LEADER_ELECTION_ENABLED", "got boolean, want string"},
		"string:env.LEADER_ELECTION_ENABLED=yes": {"/env/LEADER_ELECTION_ENABLED", "'true', 'false'"},
		"string:env.LEADER_ELECTION_ENABLE=true": {"/env", "LEADER_ELECTION_ENABLE"},
		"string:env.POD_NAME=x":                  {"/env", "POD_NAME"},
		"image.pullPolicy=Sometimes":             {"/image/pullPolicy"},
		"image=x":                                {"/image", "want object"},
		"drainTimeoutSeconds=0":                  {"/drainTimeoutSeconds"},
		"drainTimeoutSeconds=20s":                {"/drainTimeoutSeconds", "want integer"},
		"leaderLabel=maybe":                      {"/leaderLabel", "want boolean"},
		"resources.request.cpu=1":                {"/resources", "'request' not allowed"},
		"replicaCount=3,env.X=1":                 {"/env"},
		"string:env.LEADER_ELECTION_ENABLED=true,replicaCount=3": {"/replicaCount", "got string, want integer"},
	} {
		_, err := template(t, flags)
		for _, s := range says {
			require.ErrorContains(t, err, s, flags)
		}
	}
	_, err := template(t, "replicaCount=2", "string:env.LEADER_ELECTION_ENABLED=false")
	require.ErrorContains(t, err, `replicaCount is 2 and env.LEADER_ELECTION_ENABLED is "false": each replica would lead; mend`)
}

func TestOldKubernetesIsRefused(t *testing.T) {
	_, err := templateFor(t, "1.28.9")
	require.ErrorContains(t, err, "chart requires kubeVersion: >=1.29.0-0")
	_, err = templateFor(t, "1.29.0-eks-1")
	require.NoError(t, err, "clouds name theirs like this")
}

func TestNotes(t *testing.T) {
	r, err := template(t)
	require.NoError(t, err)
	require.Contains(t, r.Info.Notes, "1 replica(s) of ha-server in the namespace ha-server. For high availability:\n\n  helm upgrade ha-server CHART --namespace ha-server --reuse-values --set replicaCount=3\n")
	r, err = template(t, pages...)
	require.NoError(t, err)
	require.Contains(t, r.Info.Notes, "3 replica(s) of ha-server in the namespace ha-server. All serve the API; one leads.\n")
	require.Contains(t, r.Info.Notes, "-l ha-server.regent-ha.github.io/role=leader")
}

func TestLint(t *testing.T) {
	for _, flags := range [][]string{nil, pages} {
		for _, m := range lint.All(filepath.Join(example, "chart"), set(t, flags...), name, true).Messages {
			require.LessOrEqual(t, m.Severity, support.InfoSev, m.Error())
			require.ErrorContains(t, m.Err, "icon is recommended")
		}
	}
}

func TestAPIServerAccepts(t *testing.T) {
	cfg := plane.Get(t).Config()
	one := overlay(t, "one")
	require.NoError(t, server.Apply(t.Context(), cfg, []*unstructured.Unstructured{one["Namespace ha-server"]}))
	for _, o := range []objects{one, overlay(t, "ha"), rendered(t), rendered(t, pages...), rendered(t, "proxyWrites=true", "string:env.LEADER_ELECTION_ENABLED=false")} {
		require.NoError(t, server.DryRun(t.Context(), cfg, o.list()), "strictly")
	}
}
