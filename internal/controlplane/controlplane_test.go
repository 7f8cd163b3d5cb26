//go:build unix

package controlplane_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	coordinationv1 "k8s.io/api/coordination/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
)

func clientFor(t *testing.T, cfg *rest.Config) *kubernetes.Clientset {
	t.Helper()
	client, err := kubernetes.NewForConfig(cfg)
	require.NoError(t, err)
	return client
}

func TestControlPlane(t *testing.T) {
	shared := newShared(t)
	plane := shared.Get(t)
	require.Same(t, plane, shared.Get(t))
	namespace := shared.Namespace(t)
	require.NotEqual(t, namespace, shared.Namespace(t))
	admin := clientFor(t, plane.Config())
	lease := &coordinationv1.Lease{ObjectMeta: metav1.ObjectMeta{Name: "leader"}}

	t.Run("version", func(t *testing.T) {
		v, err := admin.Discovery().ServerVersion()
		require.NoError(t, err)
		require.Equal(t, "1", v.Major)
		require.GreaterOrEqual(t, v.Minor, "36")
	})

	t.Run("lease", func(t *testing.T) {
		_, err := admin.CoordinationV1().Leases(namespace).Create(t.Context(), lease, metav1.CreateOptions{})
		require.NoError(t, err)
		got, err := admin.CoordinationV1().Leases(namespace).Get(t.Context(), "leader", metav1.GetOptions{})
		require.NoError(t, err)
		require.NotEmpty(t, got.UID)
	})

	t.Run("user", func(t *testing.T) {
		cfg, err := plane.User("alice", "staff")
		require.NoError(t, err)
		alice := clientFor(t, cfg)
		_, err = alice.CoordinationV1().Leases(namespace).Get(t.Context(), "leader", metav1.GetOptions{})
		require.True(t, apierrors.IsForbidden(err), "%v", err)
		require.ErrorContains(t, err, `"alice"`)

		role := &rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Name: "reader"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get"}}},
		}
		_, err = admin.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{})
		require.NoError(t, err)
		binding := &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "reader"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "reader"},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: "Group", Name: "staff"}},
		}
		_, err = admin.RbacV1().RoleBindings(namespace).Create(t.Context(), binding, metav1.CreateOptions{})
		require.NoError(t, err)
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			_, err = alice.CoordinationV1().Leases(namespace).Get(t.Context(), "leader", metav1.GetOptions{})
			require.NoError(c, err)
		}, wait, poll)
		_, err = alice.CoordinationV1().Leases(namespace).Create(t.Context(), lease, metav1.CreateOptions{})
		require.True(t, apierrors.IsForbidden(err), "%v", err)

		_, err = plane.User("")
		require.ErrorContains(t, err, "name is empty")
	})

	t.Run("kubeconfig", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "kubeconfig")
		require.NoError(t, plane.WriteKubeconfig(path))
		cfg, err := clientcmd.BuildConfigFromFlags("", path)
		require.NoError(t, err)
		_, err = clientFor(t, cfg).CoordinationV1().Leases(namespace).List(t.Context(), metav1.ListOptions{})
		require.NoError(t, err)
	})
}

func TestFlagFault(t *testing.T) {
	_ = newShared(t).Get(t) // provides, or skips
	_, err := controlplane.Start(t.Context(), controlplane.Config{
		APIServerFlags: map[string][]string{"no-such-flag": {"1"}},
	})
	require.ErrorContains(t, err, "kube-apiserver ended before it was ready")
	require.ErrorContains(t, err, "unknown flag: --no-such-flag")
	require.Equal(t, 1, strings.Count(err.Error(), "ended before"), "what another port does not mend is not tried again")
	require.ErrorContains(t, err, "exit status 1")
}

func TestStop(t *testing.T) {
	plane := cptest.Start(t, controlplane.Config{})
	require.NoError(t, plane.Stop())
	require.NoError(t, plane.Stop())
	require.Zero(t, plane.APIServerPID())
	require.Zero(t, plane.EtcdPID())
	require.ErrorIs(t, plane.StartAPIServer(t.Context()), controlplane.ErrStopped)
}
