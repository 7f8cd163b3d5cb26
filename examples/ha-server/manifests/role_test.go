package manifests_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/kubernetes"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/internal/controlplane"
)

// With the Role of the manifests the example does all it does, and nothing it
// tries is forbidden.
func TestRoleSuffices(t *testing.T) {
	t.Parallel()
	r := newReplicas(t, typed(t).role.DeepCopy(), nil)
	leader, other := r.two(t)
	r.work(t, leader, other)
	require.Equal(t, []string{leader.Name}, r.labelled(t))
	require.NoError(t, leader.Process.Terminate())
	require.NoError(t, r.Retire(leader.Process))
	r.work(t, other, other)
	require.Equal(t, []string{other.Name}, r.labelled(t))
	require.NoError(t, r.StopAll())
	require.Empty(t, r.labelled(t))
	require.NotRegexp(t, `(?i)forbidden`, r.log.String())
}

// -proxy-writes needs the verb that role.yaml names, and says so without it.
func TestRoleForTheProxy(t *testing.T) {
	t.Parallel()
	role := typed(t).role.DeepCopy()
	pods := &role.Rules[len(role.Rules)-1]
	require.Equal(t, []string{"pods"}, pods.Resources)

	r := newReplicas(t, role.DeepCopy(), []string{"-proxy-writes"})
	_, other := r.two(t)
	require.Regexp(t, "^503 .* leads, but it is not known where", r.try(other, http.MethodPost, "", `{"name":"x","owner":"ann"}`))
	require.Regexp(t, `cannot get resource \\*"pods.*mend: give its Role the rule`, r.log.String())

	pods.Verbs = append(pods.Verbs, "get")
	r = newReplicas(t, role, []string{"-proxy-writes"})
	leader, other := r.two(t)
	r.work(t, other, leader)
	require.NotRegexp(t, `(?i)forbidden`, r.log.String())
}

// Without any one of its verbs, something is forbidden. To an API server that
// streams its lists (KEP-3157) the example sends no list; so it is run here as
// to one that does not, which it has to be able to as well.
func TestRoleIsMinimal(t *testing.T) {
	t.Parallel()
	for i, rule := range typed(t).role.Rules {
		for _, verb := range rule.Verbs {
			t.Run(verb+" "+rule.Resources[0], func(t *testing.T) {
				t.Parallel()
				less := typed(t).role.DeepCopy()
				less.Rules[i].Verbs = slices.DeleteFunc(slices.Clone(rule.Verbs), func(v string) bool { return v == verb })
				if len(less.Rules[i].Verbs) == 0 {
					less.Rules = slices.Delete(less.Rules, i, i+1)
				}
				r := newReplicas(t, less, nil, "KUBE_FEATURE_WatchListClient=false")
				pod, err := r.Launch(t.Context())
				require.NoError(t, err)
				forbidden := regexp.MustCompile(`cannot ` + verb + ` resource \\*"` + rule.Resources[0])
				r.await(t, func() bool {
					said := r.try(pod, http.MethodPost, "", `{"name":"x","owner":"ann"}`)
					said += r.try(pod, http.MethodGet, "/x", "")
					said += r.try(pod, http.MethodGet, "", "")
					if strings.Contains(r.log.String(), "leading") || strings.Contains(said, `"ready"`) {
						said += r.try(pod, http.MethodDelete, "/x", "")
					}
					return forbidden.MatchString(said + r.log.String())
				})
				require.NoError(t, pod.Process.Terminate())
				require.NoError(t, r.Retire(pod.Process), "it ends all the same")
			})
		}
	}
}

// replicas are those of a test, with the rights of a role.
type replicas struct {
	*pods.Pods
	client corev1client.PodInterface
	log    *log
}

func newReplicas(t *testing.T, role *rbacv1.Role, flags []string, env ...string) *replicas {
	t.Helper()
	namespace := plane.Namespace(t)
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	r := &replicas{log: &log{}, client: client.CoreV1().Pods(namespace)}
	r.Pods, err = pods.New(pods.Config{
		Program: program, Client: r.client, Log: r.log, Env: env,
		Flags: append([]string{
			"-kubeconfig=" + grant(t, client, namespace, role), "-namespace=" + namespace, "-leader-label", "-pod-selector=" + pods.Labels,
			"-lease-duration=3s", "-renew-deadline=2s", "-retry-period=500ms",
		}, flags...),
	})
	require.NoError(t, err)
	kept := make(chan error, 1)
	ctx, stop := context.WithCancel(context.Background())
	go func() { kept <- r.Keep(ctx, func(*pods.Pod, int) {}) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-kept)
		r.Close()
		if t.Failed() {
			t.Log(r.log.String())
		}
	})
	return r
}

// two starts two, of which the first leads.
func (r *replicas) two(t *testing.T) (leader, other *pods.Pod) {
	t.Helper()
	leader, err := r.Start(t.Context())
	require.NoError(t, err)
	r.await(t, func() bool { return len(r.labelled(t)) > 0 })
	other, err = r.Start(t.Context())
	require.NoError(t, err)
	return leader, other
}

// labelled are the pods with the leader's label.
func (r *replicas) labelled(t *testing.T) (names []string) {
	t.Helper()
	found, err := r.client.List(t.Context(), metav1.ListOptions{LabelSelector: labels.FormatLabels(typed(t).leader.Spec.Selector)})
	require.NoError(t, err)
	for _, p := range found.Items {
		names = append(names, p.Name)
	}
	return names
}

// work makes a space by one replica and sees it come and go by another.
func (r *replicas) work(t *testing.T, by, at *pods.Pod) {
	t.Helper()
	require.Contains(t, r.try(by, http.MethodPost, "", `{"name":"x","owner":"ann"}`), "201")
	r.await(t, func() bool { return strings.Contains(r.try(at, http.MethodGet, "/x", ""), `"ready"`) })
	require.Contains(t, r.try(by, http.MethodGet, "", ""), "200")
	require.NotContains(t, r.try(by, http.MethodDelete, "/x", ""), "orbidden")
	r.await(t, func() bool { return strings.Contains(r.try(at, http.MethodGet, "/x", ""), "404") })
	require.Contains(t, r.try(by, http.MethodPost, "", `{"name":"y","owner":"ann","ttl":"1s"}`), "201")
	r.await(t, func() bool { return strings.Contains(r.try(at, http.MethodGet, "/y", ""), "404") })
}

// try sends a request, and returns what comes of it.
func (r *replicas) try(pod *pods.Pod, method, path, body string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, "http://"+pod.API+"/api/v1/spaces"+path, strings.NewReader(body))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	text, _ := io.ReadAll(response.Body)
	return response.Status + " " + string(text)
}

func (r *replicas) await(t *testing.T, what func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !what(); {
		require.True(t, time.Now().Before(deadline), "never")
		<-time.After(50 * time.Millisecond)
	}
}

// grant binds a role in a namespace to the example's service account there,
// and returns that one's kubeconfig.
func grant(t *testing.T, client kubernetes.Interface, namespace string, role *rbacv1.Role) string {
	t.Helper()
	role.Namespace = namespace
	_, err := client.RbacV1().Roles(namespace).Create(t.Context(), role, metav1.CreateOptions{})
	require.NoError(t, err)
	_, err = client.RbacV1().RoleBindings(namespace).Create(t.Context(), &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: role.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: "ha-server"}},
	}, metav1.CreateOptions{})
	require.NoError(t, err)
	user, err := plane.Get(t).User("system:serviceaccount:"+namespace+":ha-server", "system:serviceaccounts")
	require.NoError(t, err)
	kubeconfig, err := controlplane.Kubeconfig(user)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "kubeconfig")
	require.NoError(t, os.WriteFile(path, kubeconfig, 0o600))
	return path
}

// log is what replicas log.
type log struct {
	mu   sync.Mutex // guards the field below
	text strings.Builder
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
