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

	"github.com/regent-ha/regent/examples/ha-server/manifests"
)

// set is the manifests as their types.
type set struct {
	objects         []*unstructured.Unstructured
	namespace       corev1.Namespace
	account         corev1.ServiceAccount
	role            rbacv1.Role
	binding         rbacv1.RoleBinding
	flow            flowv1.FlowSchema
	budget          policyv1.PodDisruptionBudget
	service, leader corev1.Service
	deployment      appsv1.Deployment
}

// typed decodes the manifests.
func typed(t *testing.T) *set {
	t.Helper()
	s := &set{}
	var err error
	s.objects, err = manifests.Base()
	require.NoError(t, err)
	into := map[string]any{
		"Namespace ha-server": &s.namespace, "ServiceAccount ha-server": &s.account,
		"Role ha-server": &s.role, "RoleBinding ha-server": &s.binding,
		"FlowSchema ha-server.ha-server": &s.flow, "PodDisruptionBudget ha-server": &s.budget,
		"Service ha-server": &s.service, "Service ha-server-leader": &s.leader,
		"Deployment ha-server": &s.deployment,
	}
	for _, o := range s.objects {
		name := o.GetKind() + " " + o.GetName()
		require.Contains(t, into, name, "another, or a second one")
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(o.Object, into[name], true))
		delete(into, name)
	}
	require.Empty(t, into, "missing")
	return s
}
