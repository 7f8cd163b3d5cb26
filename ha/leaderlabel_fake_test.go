package ha_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes/fake"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	k8stesting "k8s.io/client-go/testing"

	"github.com/regent-ha/regent/ha"
)

const (
	labelKey = "example.com/role"
	replicas = "app=server"
)

// podStore is a fake clientset whose pods have versions, and whose patches are
// refused as an API server refuses them.
type podStore struct {
	t      *testing.T
	client *fake.Clientset

	mu      sync.Mutex // guards the fields below
	version int
	writes  []string
	// before is called before a request is carried out; its error is the answer.
	before func(verb, pod string) error
}

// newPodStore makes one pod for each name; "*" at its end: with the label.
func newPodStore(t *testing.T, names ...string) *podStore {
	s := &podStore{t: t, client: fake.NewClientset()}
	s.client.PrependReactor("patch", "pods", s.patch)
	for _, name := range names {
		base, labelled := name, false
		if base[len(base)-1] == '*' {
			base, labelled = base[:len(base)-1], true
		}
		s.create(base, labelled)
	}
	return s
}

func (s *podStore) pods() corev1client.PodInterface {
	return intercepted{s.client.CoreV1().Pods("ns"), s}
}

// intercepted calls before ahead of the fake, which carries out one request at
// a time.
type intercepted struct {
	corev1client.PodInterface
	store *podStore
}

func (i intercepted) ask(verb, pod string) error {
	i.store.mu.Lock()
	before := i.store.before
	i.store.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(verb, pod)
}

func (i intercepted) List(ctx context.Context, o metav1.ListOptions) (*corev1.PodList, error) {
	if err := i.ask("list", ""); err != nil {
		return nil, err
	}
	return i.PodInterface.List(ctx, o)
}

func (i intercepted) Get(ctx context.Context, name string, o metav1.GetOptions) (*corev1.Pod, error) {
	if err := i.ask("get", name); err != nil {
		return nil, err
	}
	return i.PodInterface.Get(ctx, name, o)
}

func (i intercepted) Patch(ctx context.Context, name string, kind types.PatchType, body []byte, o metav1.PatchOptions, sub ...string) (*corev1.Pod, error) {
	if err := i.ask("patch", name); err != nil {
		return nil, err
	}
	return i.PodInterface.Patch(ctx, name, kind, body, o, sub...)
}

func (s *podStore) create(name string, labelled bool) {
	s.mu.Lock()
	s.version++
	p := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: name, Namespace: "ns", UID: types.UID(fmt.Sprintf("uid-%d", s.version)),
		ResourceVersion: strconv.Itoa(s.version), Labels: map[string]string{"app": "server"},
	}}
	s.mu.Unlock()
	if labelled {
		p.Labels[labelKey] = "leader"
	}
	require.NoError(s.t, s.client.Tracker().Add(p))
}

func (s *podStore) get(name string) *corev1.Pod {
	obj, err := s.client.Tracker().Get(corev1.SchemeGroupVersion.WithResource("pods"), "ns", name)
	require.NoError(s.t, err)
	return obj.(*corev1.Pod)
}

// change is what a hand or the kubelet does.
func (s *podStore) change(name string, f func(*corev1.Pod)) {
	p := s.get(name).DeepCopy()
	f(p)
	s.mu.Lock()
	s.version++
	p.ResourceVersion = strconv.Itoa(s.version)
	s.mu.Unlock()
	require.NoError(s.t, s.client.Tracker().Update(corev1.SchemeGroupVersion.WithResource("pods"), p, "ns"))
}

func (s *podStore) remove(name string) {
	require.NoError(s.t, s.client.Tracker().Delete(corev1.SchemeGroupVersion.WithResource("pods"), "ns", name))
}

// intercept sets before.
func (s *podStore) intercept(f func(verb, pod string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = f
}

// took returns what was written since, such as "+a" and "-b".
func (s *podStore) took() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.writes
	s.writes = nil
	return w
}

// leaders are the pods that have the label.
func (s *podStore) leaders() (names []string) {
	list, err := s.client.Tracker().List(corev1.SchemeGroupVersion.WithResource("pods"), corev1.SchemeGroupVersion.WithKind("Pod"), "ns")
	require.NoError(s.t, err)
	for _, p := range list.(*corev1.PodList).Items {
		if p.Labels[labelKey] == "leader" {
			names = append(names, p.Name)
		}
	}
	return names
}

func (s *podStore) patch(a k8stesting.Action) (bool, runtime.Object, error) {
	action := a.(k8stesting.PatchAction)
	resource := corev1.SchemeGroupVersion.WithResource("pods")
	obj, err := s.client.Tracker().Get(resource, "ns", action.GetName())
	if err != nil {
		return true, nil, err
	}
	pod := obj.(*corev1.Pod).DeepCopy()
	var patch struct {
		Metadata struct {
			UID             types.UID
			ResourceVersion string
			Labels          map[string]*string
			Annotations     map[string]string
		}
	}
	if err := json.Unmarshal(action.GetPatch(), &patch); err != nil {
		return true, nil, err
	}
	if m := patch.Metadata; m.UID != pod.UID || m.ResourceVersion != pod.ResourceVersion {
		return true, nil, apierrors.NewConflict(resource.GroupResource(), pod.Name, fmt.Errorf("it is %s in version %s", pod.UID, pod.ResourceVersion))
	}
	did := ""
	for key, value := range patch.Metadata.Labels {
		if value == nil {
			delete(pod.Labels, key)
			did = "-"
		} else {
			pod.Labels[key] = *value
			did = "+"
		}
	}
	pod.Annotations = patch.Metadata.Annotations
	s.mu.Lock()
	s.version++
	pod.ResourceVersion = strconv.Itoa(s.version)
	s.writes = append(s.writes, did+pod.Name)
	s.mu.Unlock()
	return true, pod, s.client.Tracker().Update(resource, pod, "ns")
}

// label returns the component of a pod.
func (s *podStore) label(pod string, log io.Writer) ha.Component {
	if log == nil {
		log = io.Discard
	}
	c, err := ha.NewLeaderLabel(ha.LeaderLabelConfig{
		Pods: s.pods(), Pod: pod, Selector: replicas, Key: labelKey, Value: "leader",
		Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	require.NoError(s.t, err)
	return c
}
