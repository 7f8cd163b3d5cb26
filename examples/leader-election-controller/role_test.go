package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/leader-election-controller/manifests"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
)

// With the Role of the manifests the example does all it does, and nothing it
// tries is forbidden.
func TestRoleSuffices(t *testing.T) {
	t.Parallel()
	namespace := plane.Namespace(t)
	r := newReplicas(t, grant(t, namespace, role(t)), namespace)
	require.NoError(t, r.StartAll(t.Context(), r.flags...))
	leader, elected, _, err := r.Leader()
	require.NoError(t, err)
	makePod(t, namespace, "one")
	r.await(t, journal.Handled, leader.Name)
	require.NoError(t, leader.Terminate())
	require.NoError(t, r.Retire(leader))
	next, err := r.Successor(t.Context(), elected)
	require.NoError(t, err)
	makePod(t, namespace, "two")
	r.await(t, journal.Handled, next.Replica)
	require.NoError(t, r.StopAll())
	require.NotRegexp(t, `(?i)forbidden`, r.log.String())
}

// Without any one of its verbs, something is forbidden. To an API server that
// streams its lists (KEP-3157) the example sends no list; so it is run here as
// to one that does not, which it has to be able to as well.
func TestRoleIsMinimal(t *testing.T) {
	t.Parallel()
	for i, rule := range role(t).Rules {
		for _, verb := range rule.Verbs {
			t.Run(verb+" "+strings.Join(rule.Resources, ","), func(t *testing.T) {
				t.Parallel()
				less := role(t)
				less.Rules[i].Verbs = slices.DeleteFunc(slices.Clone(rule.Verbs), func(v string) bool { return v == verb })
				if len(less.Rules[i].Verbs) == 0 {
					less.Rules = slices.Delete(less.Rules, i, i+1)
				}
				namespace := plane.Namespace(t)
				r := newReplicas(t, grant(t, namespace, less), namespace)
				makePod(t, namespace, "one")
				r.Fleet = fleet.New("replica", "env", &r.log)
				p, err := r.Launch(append([]string{"KUBE_FEATURE_WatchListClient=false", program}, r.flags...)...)
				require.NoError(t, err)
				r.log.await(t, fmt.Sprintf(`cannot %s resource \\*"%s\\*"`, verb, rule.Resources[0]))
				require.NoError(t, p.Terminate())
				require.NoError(t, r.Retire(p), "it ends all the same")
			})
		}
	}
}

func role(t *testing.T) *rbacv1.Role {
	t.Helper()
	r := &rbacv1.Role{}
	manifest(t, "Role", r)
	return r
}

// manifest decodes the manifest of a kind.
func manifest(t *testing.T, kind string, into any) {
	t.Helper()
	objects, err := manifests.Objects()
	require.NoError(t, err)
	i := slices.IndexFunc(objects, func(o *unstructured.Unstructured) bool { return o.GetKind() == kind })
	require.GreaterOrEqual(t, i, 0, kind)
	require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(objects[i].Object, into))
}

// grant binds a role in a namespace to the example's service account there,
// and returns that one's kubeconfig.
func grant(t *testing.T, namespace string, role *rbacv1.Role) string {
	t.Helper()
	const account = "leader-election-controller"
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	role.Namespace = namespace
	_, err = client.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = client.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: account},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	user, err := plane.Get(t).User("system:serviceaccount:"+namespace+":"+account, "system:serviceaccounts")
	require.NoError(t, err)
	kubeconfig, err := controlplane.Kubeconfig(user)
	require.NoError(t, err)
	return write(t, kubeconfig)
}
