package manifests_test

import (
	"flag"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	flowv1 "k8s.io/api/flowcontrol/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
)

func TestNamesAgree(t *testing.T) {
	t.Parallel()
	s := typed(t)
	namespace, account := s.namespace.Name, s.account.Name
	for _, o := range s.objects {
		if kind := o.GetKind(); kind != "Namespace" && kind != "FlowSchema" {
			require.Equal(t, namespace, o.GetNamespace(), kind)
		}
	}
	require.Equal(t, account, s.deployment.Spec.Template.Spec.ServiceAccountName)
	require.Equal(t, []rbacv1.Subject{{Kind: "ServiceAccount", Name: account, Namespace: namespace}}, s.binding.Subjects)
	require.Equal(t, rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: s.role.Name}, s.binding.RoleRef)
	require.Equal(t, []string{*arguments(t, s).lock}, s.role.Rules[0].ResourceNames, "the lock's name")
	rule := s.flow.Spec.Rules[0]
	require.Equal(t, []flowv1.Subject{{Kind: flowv1.SubjectKindServiceAccount, ServiceAccount: &flowv1.ServiceAccountSubject{Name: account, Namespace: namespace}}}, rule.Subjects)
	require.Equal(t, []string{namespace}, rule.ResourceRules[0].Namespaces)
	for _, r := range s.role.Rules[:2] { // those of the lock
		require.Subset(t, rule.ResourceRules[0].Verbs, r.Verbs)
	}
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
	var spread []string
	for _, c := range pods.Spec.TopologySpreadConstraints {
		require.True(t, matches(c.LabelSelector), c.TopologyKey)
		spread = append(spread, c.TopologyKey)
	}
	require.ElementsMatch(t, []string{corev1.LabelHostname, corev1.LabelTopologyZone}, spread)
}

// While a node is drained, or the Deployment updated, there is somebody to
// hand over to.
func TestAStandbyIsLeft(t *testing.T) {
	t.Parallel()
	s := typed(t)
	require.EqualValues(t, 3, *s.deployment.Spec.Replicas)
	require.Equal(t, 1, s.budget.Spec.MaxUnavailable.IntValue())
	require.Equal(t, 0, s.deployment.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue())
	require.Equal(t, 1, s.deployment.Spec.Strategy.RollingUpdate.MaxSurge.IntValue())
}

// The formula is in deployment.yaml.
func TestGracePeriodFitsTheDrain(t *testing.T) {
	t.Parallel()
	s := typed(t)
	a := arguments(t, s)
	grace := time.Duration(*s.deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	require.Equal(t, *a.drain+*a.renew+5*time.Second, grace)
}

func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	pod := typed(t).deployment.Spec.Template.Spec
	require.Equal(t, &corev1.SecurityContext{
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
	}, pod.Containers[0].SecurityContext)
	require.True(t, *pod.SecurityContext.RunAsNonRoot)
	require.NotZero(t, *pod.SecurityContext.RunAsUser)
	for _, rule := range typed(t).role.Rules {
		require.NotContains(t, rule.Verbs, "*")
		require.NotContains(t, rule.Resources, "*")
	}
}

// args are those of the container that other manifests depend on.
type args struct {
	lock         *string
	drain, renew *time.Duration
}

func arguments(t *testing.T, s *set) args {
	t.Helper()
	flags := flag.NewFlagSet("", flag.ContinueOnError)
	a := args{lock: flags.String("lock", "", ""), drain: flags.Duration("drain-timeout", 0, ""), renew: flags.Duration("renew-deadline", 0, "")}
	for _, other := range []string{"listen", "lease-duration", "retry-period"} {
		flags.String(other, "", "")
	}
	require.NoError(t, flags.Parse(s.deployment.Spec.Template.Spec.Containers[0].Args))
	return a
}
