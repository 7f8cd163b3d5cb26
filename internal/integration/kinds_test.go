package integration_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// newKind returns the lock namespace/lock of a kind.
func newKind(t *testing.T, client kubernetes.Interface, namespace string, kind lock.Kind) lock.Lock {
	t.Helper()
	l, err := lock.New(lock.Config{Kind: kind, Leases: client.CoordinationV1(), ConfigMaps: client.CoreV1(), Namespace: namespace, Name: "lock"})
	require.NoError(t, err)
	return l
}

func getConfigMap(t *testing.T, client kubernetes.Interface, namespace string) *corev1.ConfigMap {
	t.Helper()
	cm, err := client.CoreV1().ConfigMaps(namespace).Get(t.Context(), "lock", metav1.GetOptions{})
	require.NoError(t, err)
	return cm
}

// setLeader stores a record as kooper 0.8 does, for the lock of a namespace.
func setLeader(t *testing.T, client kubernetes.Interface, namespace, record string) {
	t.Helper()
	cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lock", Annotations: map[string]string{lock.LeaderAnnotation: record}}}
	_, err := client.CoreV1().ConfigMaps(namespace).Create(t.Context(), cm, metav1.CreateOptions{})
	require.NoError(t, err)
}

// koopers is kooper's, of a leader that was last heard of at renewed.
func koopers(holder, renewed string) string {
	return `{"holderIdentity":"` + holder + `","leaseDurationSeconds":5,"acquireTime":"2026-01-02T03:04:05Z","renewTime":"` + renewed + `","leaderTransitions":3}`
}

const longAgo = "2026-01-02T03:04:05Z"

func TestEachKindConformsOnARealServer(t *testing.T) {
	for _, kind := range []lock.Kind{lock.KindConfigMap, lock.KindMulti} {
		t.Run(string(kind), func(t *testing.T) {
			locktest.Conformance(t, func(t *testing.T) locktest.Subject {
				cfg, namespace := plane.Get(t).Config(), plane.Namespace(t)
				admin := newClient(t, cfg)
				configMaps, leases := admin.CoreV1().ConfigMaps(namespace), admin.CoordinationV1().Leases(namespace)
				return locktest.Subject{
					Client: func() lock.Lock { return newKind(t, newClient(t, cfg), namespace, kind) },
					Delete: func() {
						require.NoError(t, configMaps.Delete(t.Context(), "lock", metav1.DeleteOptions{}))
						if kind == lock.KindMulti {
							require.NoError(t, leases.Delete(t.Context(), "lock", metav1.DeleteOptions{}))
						}
					},
					Edit: func(holder string) {
						cm := getConfigMap(t, admin, namespace)
						cm.Annotations[lock.LeaderAnnotation] = koopers(holder, longAgo)
						_, err := configMaps.Update(t.Context(), cm, metav1.UpdateOptions{})
						require.NoError(t, err)
					},
					Steps: kind == lock.KindMulti,
				}
			})
		})
	}
}

// The rule that kooper's page asks for is enough: without watch it polls.
func TestKoopersRuleSuffices(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	client := userOf(t, namespace, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "create", "update"}})
	first := start(t, a, newKind(t, client, namespace, lock.KindConfigMap), "first", nil)
	led := first.leads(t)
	led.renewed(t)
	cm := getConfigMap(t, newClient(t, plane.Get(t).Config()), namespace)
	require.Contains(t, cm.Annotations[lock.LeaderAnnotation], `"holderIdentity":"first"`)
	second := start(t, a, newKind(t, client, namespace, lock.KindConfigMap), "second", nil)
	eventually(t, "the second sees the first", func() bool { return second.Status().Holder == "first" })
	first.stop()
	require.Greater(t, second.leads(t).Token(), led.Token())
}

// userOf returns a client of a user who has these rules in a namespace, and
// nothing else.
func userOf(t *testing.T, namespace string, rules ...rbacv1.PolicyRule) *kubernetes.Clientset {
	t.Helper()
	name := "user-of-" + namespace
	cfg, err := plane.Get(t).User(name)
	require.NoError(t, err)
	rbac := newClient(t, plane.Get(t).Config()).RbacV1()
	_, err = rbac.Roles(namespace).Create(t.Context(), &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "election"}, Rules: rules}, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = rbac.RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "election"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.UserKind, APIGroup: rbacv1.GroupName, Name: name}},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "election"},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	client := newClient(t, cfg)
	eventually(t, "the server knows the Role", func() bool {
		kind := lock.KindLease
		for _, r := range rules {
			if r.Resources[0] == "configmaps" {
				kind = lock.KindConfigMap
			}
		}
		_, err := newKind(t, client, namespace, kind).Read(t.Context())
		var forbidden *lock.ForbiddenError
		return !errors.As(err, &forbidden)
	})
	return client
}

// The kind is found by looking: at no ConfigMap, at one that is not a lock, at
// one that was a lock once, and at one that may not be looked at.
func TestKindIsFound(t *testing.T) {
	admin := newClient(t, plane.Get(t).Config())
	leases := rbacv1.PolicyRule{APIGroups: []string{"coordination.k8s.io"}, Resources: []string{"leases"}, Verbs: []string{"get", "create", "update", "watch"}}
	for name, tc := range map[string]struct {
		prepare func(t *testing.T, namespace string) *kubernetes.Clientset
		multi   bool
	}{
		"no ConfigMap": {prepare: func(*testing.T, string) *kubernetes.Clientset { return admin }},
		"a ConfigMap that is no lock": {prepare: func(t *testing.T, namespace string) *kubernetes.Clientset {
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "lock"}, Data: map[string]string{"key": "value"}}
			_, err := admin.CoreV1().ConfigMaps(namespace).Create(t.Context(), cm, metav1.CreateOptions{})
			require.NoError(t, err)
			return admin
		}},
		"a ConfigMap of long ago": {multi: true, prepare: func(t *testing.T, namespace string) *kubernetes.Clientset {
			setLeader(t, admin, namespace, koopers("kooper", longAgo))
			return admin
		}},
		"a ConfigMap that it may not see": {prepare: func(t *testing.T, namespace string) *kubernetes.Clientset {
			setLeader(t, admin, namespace, koopers("kooper", longAgo))
			return userOf(t, namespace, leases)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := plane.Namespace(t)
			client := tc.prepare(t, namespace)
			c := start(t, newArena(t), newKind(t, client, namespace, ""), "regent", func(c *leaderelection.Config) {
				c.Foreign, c.ForeignGrace, c.Events = leaderelection.ForeignAllow, 1, events(client, namespace)
				c.Events.Object.APIVersion, c.Events.Object.Kind = "", ""
			})
			led := c.leads(t)
			led.renewed(t)
			require.Equal(t, "regent", *getLease(t, admin, namespace).Spec.HolderIdentity)
			if !tc.multi {
				require.Equal(t, "lease "+namespace+"/lock", c.Status().Lock)
				return
			}
			require.Equal(t, "configmap "+namespace+"/lock and lease "+namespace+"/lock", c.Status().Lock)
			cm := getConfigMap(t, admin, namespace)
			require.Contains(t, cm.Annotations[lock.LeaderAnnotation], `"holderIdentity":"regent"`)
			c.stop()
			require.True(t, read(t, newKind(t, admin, namespace, lock.KindMulti)).Released())
			written, err := admin.CoreV1().Events(namespace).List(t.Context(), metav1.ListOptions{})
			require.NoError(t, err)
			require.NotEmpty(t, written.Items)
			for _, e := range written.Items {
				require.Equal(t, "ConfigMap", e.InvolvedObject.Kind)
				require.Equal(t, cm.UID, e.InvolvedObject.UID)
			}
		})
	}
}

func read(t *testing.T, l lock.Lock) lock.Snapshot {
	t.Helper()
	s, err := l.Read(t.Context())
	require.NoError(t, err)
	return s
}

// A fleet that is upgraded from kooper 0.8 with the rights that it had is told
// what is missing, and by what setting it could do without.
func TestKindThatIsForbiddenIsExplained(t *testing.T) {
	namespace := plane.Namespace(t)
	client := userOf(t, namespace, rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"configmaps"}, Verbs: []string{"get", "create", "update"}})
	setLeader(t, newClient(t, plane.Get(t).Config()), namespace, koopers("kooper", longAgo))
	c := start(t, newArena(t), newKind(t, client, namespace, ""), "regent", nil)
	fault := c.unhealthy(t, missingRule)
	require.ErrorContains(t, fault, "Kind: lock.KindConfigMap")
}

// A Lease alone is refused while somebody leads by the ConfigMap of that name,
// and taken when that has ended.
func TestLeaseAloneIsRefusedBesideAConfigMap(t *testing.T) {
	namespace, a := plane.Namespace(t), newArena(t)
	client := newClient(t, plane.Get(t).Config())
	old := start(t, a, newKind(t, client, namespace, lock.KindConfigMap), "old", nil)
	led := old.leads(t)
	c := start(t, a, newKind(t, client, namespace, lock.KindLease), "regent", nil)
	fault := c.unhealthy(t, `"old" holds configmap `+namespace+`/lock, not the lease`)
	require.ErrorContains(t, fault, `mend: Kind "Multi"`)
	require.Empty(t, c.terms)
	old.stop()
	require.ErrorIs(t, <-led.ended, leaderelection.ErrShutdown)
	c.leads(t)
}
