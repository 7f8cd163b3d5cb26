package manifests_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	flowv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"
)

func TestEachFileIsListed(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("base/kustomization.yaml")
	require.NoError(t, err)
	var k struct {
		Resources []string `json:"resources"`
		Images    []struct {
			Name string `json:"name"`
		} `json:"images"`
	}
	require.NoError(t, yaml.Unmarshal(text, &k))
	files, err := filepath.Glob("base/*.yaml")
	require.NoError(t, err)
	for i, f := range files {
		files[i] = filepath.Base(f)
	}
	require.ElementsMatch(t, files, append(k.Resources, "kustomization.yaml"))
	require.Len(t, k.Images, 1)
	require.Equal(t, k.Images[0].Name, typed(t).deployment.Spec.Template.Spec.Containers[0].Image)
}

func TestNamesAgree(t *testing.T) {
	t.Parallel()
	s := typed(t)
	namespace, account := s.namespace.Name, s.account.Name
	for _, o := range s.objects {
		if kind := o.GetKind(); kind != "Namespace" && kind != "FlowSchema" {
			require.Equal(t, namespace, o.GetNamespace(), kind)
		}
	}
	pod := s.deployment.Spec.Template.Spec
	require.Equal(t, account, pod.ServiceAccountName)
	require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: account, Namespace: namespace}}, s.binding.Subjects)
	require.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: s.role.Name}, s.binding.RoleRef)
	a := arguments(t, s)
	require.Equal(t, []string{*a.lock}, s.role.Rules[0].ResourceNames, "the lock's name")
	rule := s.flow.Spec.Rules[0]
	require.Equal(t, s.deployment.Name+"."+namespace, s.flow.Name)
	require.Equal(t, []flowv1.Subject{{Kind: flowv1.SubjectKindServiceAccount, ServiceAccount: &flowv1.ServiceAccountSubject{Name: account, Namespace: namespace}}}, rule.Subjects)
	require.Equal(t, []string{namespace}, rule.ResourceRules[0].Namespaces)
	for _, r := range s.role.Rules[:2] { // those of the lock
		require.Subset(t, rule.ResourceRules[0].Verbs, r.Verbs)
	}
	require.False(t, *s.account.AutomountServiceAccountToken)
	require.True(t, *pod.AutomountServiceAccountToken)

	container := pod.Containers[0]
	require.Equal(t, []corev1.VolumeMount{{Name: pod.Volumes[0].Name, MountPath: *a.stateDir}}, container.VolumeMounts)
	require.Equal(t, corev1.StorageMediumDefault, pod.Volumes[0].EmptyDir.Medium, "it has to outlive a reboot of the node")
	ports := make(map[string]int32)
	for _, p := range container.Ports {
		ports[p.Name] = p.ContainerPort
	}
	require.Equal(t, map[string]int32{"api": 8080, "pages": 8081}, ports)
	require.Equal(t, ":8080", *a.api)
	require.Equal(t, ":8081", *a.listen)
	for path, probe := range map[string]*corev1.Probe{"/healthz": container.LivenessProbe, "/readyz": container.ReadinessProbe} {
		require.Equal(t, path, probe.HTTPGet.Path)
		require.Equal(t, "pages", probe.HTTPGet.Port.String())
	}
	for _, service := range []corev1.Service{s.service, s.leader} {
		require.Equal(t, "api", service.Spec.Ports[0].TargetPort.String())
	}
	var fields []string
	for _, e := range container.Env {
		fields = append(fields, e.Name+"="+e.ValueFrom.FieldRef.FieldPath)
	}
	require.Equal(t, []string{"POD_NAME=metadata.name", "POD_NAMESPACE=metadata.namespace"}, fields)
}

func TestSelectorsMatchThePods(t *testing.T) {
	t.Parallel()
	s := typed(t)
	pods := s.deployment.Spec.Template
	matches := func(selector *metav1.LabelSelector) bool {
		compiled, err := metav1.LabelSelectorAsSelector(selector)
		require.NoError(t, err)
		return !compiled.Empty() && compiled.Matches(labels.Set(pods.Labels))
	}
	require.True(t, matches(s.deployment.Spec.Selector))
	require.True(t, matches(s.budget.Spec.Selector))
	require.True(t, labels.SelectorFromSet(s.service.Spec.Selector).Matches(labels.Set(pods.Labels)))
	var spread []string
	for _, c := range pods.Spec.TopologySpreadConstraints {
		require.True(t, matches(c.LabelSelector), c.TopologyKey)
		spread = append(spread, c.TopologyKey)
	}
	require.ElementsMatch(t, []string{corev1.LabelHostname, corev1.LabelTopologyZone}, spread)

	// The leader's Service selects what -leader-label makes of such a pod, and
	// no other.
	a := arguments(t, s)
	require.True(t, *a.label)
	ours, err := labels.Parse(*a.selector)
	require.NoError(t, err)
	require.True(t, ours.Matches(labels.Set(pods.Labels)))
	leader := labels.SelectorFromSet(s.leader.Spec.Selector)
	require.False(t, leader.Matches(labels.Set(pods.Labels)))
	require.True(t, leader.Matches(labels.Merge(pods.Labels, labels.Set{"ha-server.regent-ha.github.io/role": "leader"})))
}

func TestSomebodyIsLeft(t *testing.T) {
	t.Parallel()
	s := typed(t)
	require.EqualValues(t, 1, *s.deployment.Spec.Replicas)
	require.Equal(t, 1, s.budget.Spec.MaxUnavailable.IntValue(), "also where there is one replica: its node can be drained")
	require.Equal(t, 0, s.deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue())
	require.Equal(t, 1, s.deployment.Spec.Strategy.RollingUpdate.MaxSurge.IntValue())
}

// The formula is in deployment.yaml.
func TestGracePeriodFitsTheDrain(t *testing.T) {
	t.Parallel()
	s := typed(t)
	a := arguments(t, s)
	pod := s.deployment.Spec.Template.Spec
	require.Equal(t, *a.delay+*a.drain+*a.renew, time.Duration(*pod.TerminationGracePeriodSeconds)*time.Second)
	require.Greater(t, *a.delay, time.Duration(2*pod.Containers[0].ReadinessProbe.PeriodSeconds)*time.Second, "whoever asks /readyz hears of it")
}

func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	s := typed(t)
	pod := s.deployment.Spec.Template.Spec
	require.Equal(t, &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}, pod.Containers[0].SecurityContext)
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.NotZero(t, *pod.SecurityContext.RunAsUser)
	require.NotContains(t, pod.Containers[0].Resources.Limits, corev1.ResourceCPU)
	require.Contains(t, pod.Containers[0].Resources.Requests, corev1.ResourceCPU)
	for _, rule := range s.role.Rules {
		require.NotContains(t, rule.Verbs, "*")
		require.NotContains(t, rule.Resources, "*")
	}
}

// args are those of the container that other manifests depend on.
type args struct {
	api, listen, lock, stateDir, selector *string
	delay, drain, renew                   *time.Duration
	label                                 *bool
}

func arguments(t *testing.T, s *set) args {
	t.Helper()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	a := args{
		api: flags.String("api", "", ""), listen: flags.String("listen", "", ""), lock: flags.String("lock", "", ""),
		stateDir: flags.String("state-dir", "", ""), selector: flags.String("pod-selector", "", ""),
		delay: flags.Duration("shutdown-delay", 0, ""), drain: flags.Duration("drain-timeout", 0, ""), renew: flags.Duration("renew-deadline", 0, ""),
		label: flags.Bool("leader-label", false, ""),
	}
	for _, other := range []string{"lease-duration", "retry-period"} {
		flags.Duration(other, 0, "")
	}
	require.NoError(t, flags.Parse(s.deployment.Spec.Template.Spec.Containers[0].Args))
	require.Empty(t, flags.Args(), "a word that is no flag ends the flags")
	return a
}

// What the program says of its flags is what the manifests give it.
func TestTheProgramKnowsTheFlags(t *testing.T) {
	t.Parallel()
	usage := usage(t)
	for _, arg := range typed(t).deployment.Spec.Template.Spec.Containers[0].Args {
		name, _, _ := strings.Cut(arg, "=")
		require.Regexp(t, `(?m)^  `+name+`( |$)`, usage)
	}
}
