package integration_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// userWith returns a client of a user who may do so much with Leases in a
// namespace, and nothing else.
func userWith(t *testing.T, namespace string, verbs ...string) *kubernetes.Clientset {
	t.Helper()
	cfg, err := plane.Get(t).User("user-of-" + namespace)
	require.NoError(t, err)
	if len(verbs) == 0 {
		return newClient(t, cfg)
	}
	rbac := newClient(t, plane.Get(t).Config()).RbacV1()
	_, err = rbac.Roles(namespace).Create(t.Context(), &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: "election"},
		Rules:      []rbacv1.PolicyRule{{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: verbs}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = rbac.RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "election"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: "user-of-" + namespace}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "election"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	client := newClient(t, cfg)
	eventually(t, "the server knows the Role", func() bool {
		_, err := newLease(t, client, namespace).Read(t.Context())
		return !lock.Refused(err) || strings.Contains(err.Error(), "not found")
	})
	return client
}

const missingRule = `rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [get, create, update, watch]}`

func TestForbiddenNamesTheMissingRule(t *testing.T) {
	namespace := plane.Namespace(t)
	l := newLease(t, userWith(t, namespace), namespace)
	_, readErr := l.Read(t.Context())
	_, insertErr := l.Insert(t.Context(), lock.Record{Nonce: "n"})
	_, watchErr := l.Watch(t.Context(), "")
	for verb, err := range map[string]error{"get": readErr, "create": insertErr, "watch": watchErr} {
		var forbidden *lock.ForbiddenError
		require.ErrorAs(t, err, &forbidden)
		require.Equal(t, namespace, forbidden.Namespace)
		require.ErrorContains(t, err, missingRule+" ("+verb+" is what failed)")
		require.True(t, lock.Refused(err))
	}
	c := start(t, newArena(t), l, "a", nil)
	_ = c.unhealthy(t, missingRule)
	require.Empty(t, c.terms)
}

func TestWithoutTheVerbWatchItPolls(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	client := userWith(t, namespace, "get", "create", "update")
	first := start(t, a, newLease(t, client, namespace), "first", nil)
	led := first.leads(t)
	second := start(t, a, newLease(t, client, namespace), "second", nil)
	for _, c := range []*candidate{first, second} {
		eventually(t, "it says that it polls", func() bool { return strings.Contains(c.log.String(), "it is polled") })
		require.Contains(t, c.log.String(), missingRule+" (watch is what failed)")
		require.False(t, c.Status().Watching)
		require.NoError(t, c.Check(nil))
	}
	first.stop()
	require.ErrorIs(t, <-led.ended, leaderelection.ErrShutdown)
	next := second.leads(t)
	require.Greater(t, next.Token(), led.Token())
	second.stop()
	require.Equal(t, 1, strings.Count(second.log.String(), "it is polled"), "said once")
}

func TestWithoutTheVerbUpdateNobodyLeads(t *testing.T) {
	namespace := plane.Namespace(t)
	c := start(t, newArena(t), newLease(t, userWith(t, namespace, "get", "create", "watch"), namespace), "a", nil)
	_ = c.unhealthy(t, missingRule+" (update is what failed)")
	require.Empty(t, c.terms)
}

func TestWithoutTheRightToWriteEventsItElects(t *testing.T) {
	namespace := plane.Namespace(t)
	client := userWith(t, namespace, "get", "create", "update", "watch")
	c := start(t, newArena(t), newLease(t, client, namespace), "a", func(c *leaderelection.Config) { c.Events = events(client, namespace) })
	c.leads(t)
	c.stop()
	require.Contains(t, c.log.String(), `event not written`)
	require.Contains(t, c.log.String(), `give a Role the rule {apiGroups: [""], resources: [events], verbs: [create]}`)
	require.Contains(t, c.log.String(), "released the lock")
}
