package manifests_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	flowv1 "k8s.io/api/flowcontrol/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/examples/leader-election-controller/manifests"
)

// set is the manifests as their types.
type set struct {
	objects    []*unstructured.Unstructured
	namespace  corev1.Namespace
	account    corev1.ServiceAccount
	role       rbacv1.Role
	binding    rbacv1.RoleBinding
	flow       flowv1.FlowSchema
	budget     policyv1.PodDisruptionBudget
	deployment appsv1.Deployment
}

// typed decodes the manifests. There is one of each kind.
func typed(t *testing.T) *set {
	t.Helper()
	s := &set{}
	var err error
	s.objects, err = manifests.Objects()
	require.NoError(t, err)
	into := map[string]any{
		"Namespace": &s.namespace, "ServiceAccount": &s.account, "Role": &s.role, "RoleBinding": &s.binding,
		"FlowSchema": &s.flow, "PodDisruptionBudget": &s.budget, "Deployment": &s.deployment,
	}
	for _, o := range s.objects {
		require.Contains(t, into, o.GetKind(), "another, or a second one")
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into[o.GetKind()], true))
		delete(into, o.GetKind())
	}
	require.Empty(t, into, "missing")
	return s
}
