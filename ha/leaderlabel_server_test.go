package ha_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/controlplane/cptest"
	"github.com/regent-ha/regent/leaderelection"
)

// signalled closes a channel once text was logged.
type signalled struct {
	text string
	seen chan struct{}

	mu  sync.Mutex // guards the fields below
	log bytes.Buffer
}

func newSignalled(text string) *signalled { return &signalled{text: text, seen: make(chan struct{})} }

func (s *signalled) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := bytes.Contains(s.log.Bytes(), []byte(s.text))
	_, _ = s.log.Write(p)
	if !before && bytes.Contains(s.log.Bytes(), []byte(s.text)) {
		close(s.seen)
	}
	return len(p), nil
}

func TestLeaderLabelOnTheAPIServer(t *testing.T) {
	plane := cptest.Start(t, controlplane.Config{})
	admin, err := kubernetes.NewForConfig(plane.Config())
	require.NoError(t, err)

	// replicas makes two pods, b with the label, and a user with the verbs.
	replicas := func(t *testing.T, verbs ...string) (namespace string, user *rest.Config) {
		namespace = cptest.Namespace(t, plane)
		for name, labels := range map[string]map[string]string{"a": {"app": "server"}, "b": {"app": "server", labelKey: "leader"}} {
			_, err := admin.CoreV1().Pods(namespace).Create(t.Context(), &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "c"}}, AutomountServiceAccountToken: new(bool), ServiceAccountName: "server"},
			}, metav1.CreateOptions{})
			require.NoError(t, err)
		}
		_, err := admin.RbacV1().Roles(namespace).Create(t.Context(), &rbacv1.Role{
			ObjectMeta: metav1.ObjectMeta{Name: "label"},
			Rules:      []rbacv1.PolicyRule{{APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: verbs}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		_, err = admin.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: "label"},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: "label"},
			Subjects:   []rbacv1.Subject{{Kind: "User", APIGroup: rbacv1.GroupName, Name: "user-of-" + namespace}},
		}, metav1.CreateOptions{})
		require.NoError(t, err)
		user, err = plane.User("user-of-" + namespace)
		require.NoError(t, err)
		user.Wrap(leaderelection.Gate)
		return namespace, user
	}
	label := func(t *testing.T, user *rest.Config, namespace, pod string, log *signalled) ha.Component {
		client, err := kubernetes.NewForConfig(user)
		require.NoError(t, err)
		c, err := ha.NewLeaderLabel(ha.LeaderLabelConfig{
			Pods: client.CoreV1().Pods(namespace), Pod: pod, Selector: "app=server", Key: labelKey, Value: "leader",
			Logger: slog.New(slog.NewTextHandler(log, nil)),
		})
		require.NoError(t, err)
		return c
	}
	leaders := func(t *testing.T, namespace string) (names []string) {
		found, err := admin.CoreV1().Pods(namespace).List(t.Context(), metav1.ListOptions{LabelSelector: labelKey + "=leader"})
		require.NoError(t, err)
		for _, p := range found.Items {
			names = append(names, p.Name)
		}
		return names
	}

	t.Run("with the rule, through a gate", func(t *testing.T) {
		namespace, user := replicas(t, "list", "patch")
		log := newSignalled("put the leader's label")
		l := startLabel(t, label(t, user, namespace, "a", log), 7)
		<-log.seen
		require.Equal(t, []string{"a"}, leaders(t, namespace))
		l.giveUp(t)
		require.Empty(t, leaders(t, namespace))
	})

	for _, missing := range []string{"list", "patch"} {
		t.Run("without "+missing, func(t *testing.T) {
			namespace, user := replicas(t, slices.DeleteFunc([]string{"get", "list", "patch"}, func(v string) bool { return v == missing })...)
			log := newSignalled(`cannot ` + missing + ` resource \"pods\"`)
			l := startLabel(t, label(t, user, namespace, "a", log), 7)
			<-log.seen
			l.giveUp(t)
			require.Contains(t, log.log.String(), `mend: give its Role the rule {apiGroups: [\"\"], resources: [pods], verbs: [list, patch]}`)
			require.Equal(t, []string{"b"}, leaders(t, namespace))
		})
	}

	// A deposed leader's request is on its way while the next one leads.
	t.Run("a late request is refused", func(t *testing.T) {
		namespace, user := replicas(t, "list", "patch")
		slow := rest.CopyConfig(user)
		held, release := make(chan struct{}), make(chan struct{})
		slow.Wrap(func(next http.RoundTripper) http.RoundTripper {
			return roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method == http.MethodPatch {
					close(held)
					<-release
				}
				return next.RoundTrip(r)
			})
		})
		late := newSignalled("the object has been modified")
		b := startLabel(t, label(t, slow, namespace, "b", late), 7) // adds its token to its own pod
		<-held
		log := newSignalled("put the leader's label")
		a := startLabel(t, label(t, user, namespace, "a", log), 8)
		<-log.seen
		close(release)
		<-late.seen
		b.lose(t)
		require.Equal(t, []string{"a"}, leaders(t, namespace))
		a.giveUp(t)
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
