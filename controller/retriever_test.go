package controller_test

import (
	"context"
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/controller"
)

func TestRetrieveFromAFakeClientset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}})
		j := &journal{}
		noted := func(what string) func(context.Context, *corev1.Pod) error {
			return func(_ context.Context, pod *corev1.Pod) error {
				j.note(what + pod.Name + pod.Spec.NodeName)
				return nil
			}
		}
		h := controller.HandlerFuncs{OnHandle: controller.HandlerOf(noted("")).Handle, OnDelete: controller.HandlerOf(noted("gone ")).Handle}
		launch(t, nil, h, controller.Retrieve(client.CoreV1().Pods("")), nil, nil)
		require.Equal(t, []string{"a"}, j.take())
		pods := client.CoreV1().Pods("ns")
		b, err := pods.Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "b"}}, metav1.CreateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		b.Spec.NodeName = "@node"
		_, err = pods.Update(t.Context(), b, metav1.UpdateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, pods.Delete(t.Context(), "b", metav1.DeleteOptions{}))
		synctest.Wait()
		require.Equal(t, []string{"b", "b@node", "gone b@node"}, j.take())
	})
}

// client-go's fakes neither stream the first list nor refuse to.
func TestRetrieveStreamsWithRESTClientsOnly(t *testing.T) {
	cfg := &rest.Config{Host: "http://localhost:1"}
	streams := func(r controller.Retriever) bool {
		return !r.(interface{ IsWatchListSemanticsUnSupported() bool }).IsWatchListSemanticsUnSupported()
	}
	client := kubernetes.NewForConfigOrDie(cfg)
	require.True(t, streams(controller.Retrieve(client.CoreV1().Pods(""))))
	require.True(t, streams(controller.Retrieve(client.AppsV1().Deployments("ns"))))
	require.True(t, streams(controller.Retrieve(client.CoreV1().Nodes())))
	require.False(t, streams(controller.Retrieve(fake.NewClientset().CoreV1().Pods(""))))
	require.False(t, streams(controller.Retrieve(dynamic.NewForConfigOrDie(cfg).Resource(corev1.SchemeGroupVersion.WithResource("pods")))))
}

func TestRetrievePassesErrors(t *testing.T) {
	client := fake.NewClientset()
	list, err := controller.Retrieve(client.CoreV1().Pods("")).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.IsType(t, &corev1.PodList{}, list)

	forbidden := &apierrors.StatusError{ErrStatus: metav1.Status{Code: http.StatusForbidden}}
	list, err = controller.Retrieve(refusing{forbidden}).List(t.Context(), metav1.ListOptions{})
	require.ErrorIs(t, err, forbidden)
	if list != nil {
		t.Fatal("a typed nil")
	}
}

// refusing is a client whose lists fail.
type refusing struct{ err error }

func (r refusing) List(context.Context, metav1.ListOptions) (*corev1.PodList, error) {
	return nil, r.err
}

func (r refusing) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	return nil, r.err
}

// streaming is a cluster that streams first lists (KEP-3157), or answers so
// when asked to.
type streaming struct {
	*cluster
	refusal error
}

func (streaming) IsWatchListSemanticsUnSupported() bool { return false }

func (s streaming) Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	if opts.SendInitialEvents == nil || !*opts.SendInitialEvents {
		return s.cluster.Watch(ctx, opts)
	}
	if s.refusal != nil {
		return nil, s.refusal
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches++
	if s.fault != nil {
		return nil, s.fault
	}
	w := watch.NewRaceFreeFake()
	for _, o := range s.objects {
		w.Add(o.DeepCopy())
	}
	end := &corev1.ConfigMap{}
	end.ResourceVersion = fmt.Sprint(s.version)
	end.Annotations = map[string]string{metav1.InitialEventsAnnotationKey: "true"}
	w.Action(watch.Bookmark, end)
	s.watchers = append(s.watchers, w)
	return w, nil
}

func TestFirstListIsStreamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a", "b"), &journal{}
		launch(t, &controller.Config{ResyncInterval: time.Hour}, both(j), streaming{cluster: c}, nil, nil)
		require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted())
		c.set("a", "1")
		synctest.Wait()
		c.remove("a")
		synctest.Wait()
		require.Equal(t, []string{"a=1", "gone a=1"}, j.take())
		lists, watches := c.requests()
		require.Equal(t, [2]int{0, 1}, [2]int{lists, watches})

		c.breakWatches(nil)
		c.set("c", "0")
		c.compact() // the list is streamed anew
		time.Sleep(time.Minute)
		require.Equal(t, []string{"c=0"}, j.take(), "b has not changed")
		lists, _ = c.requests()
		require.Zero(t, lists)
	})
}

func TestStreamFallsBackToAList(t *testing.T) {
	for name, refusal := range map[string]error{
		"feature gate": apierrors.NewInvalid(corev1.SchemeGroupVersion.WithKind("ListOptions").GroupKind(), "", nil),
		"proxy":        apierrors.NewBadRequest("sendInitialEvents?"),
		"overload":     apierrors.NewTooManyRequests("later", 1),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, j := newCluster("a"), &journal{}
				launch(t, nil, j, streaming{c, refusal}, nil, nil)
				require.Equal(t, []string{"a=0"}, j.take())
				c.set("a", "1")
				synctest.Wait()
				require.Equal(t, []string{"a=1"}, j.take())
				lists, _ := c.requests()
				require.Equal(t, 1, lists)
			})
		})
	}
}

// A reflector that streams sleeps on such errors whatever its context says,
// and reports nothing.
func TestAPIServerThatIsDownIsReportedAndHoldsUpNothing(t *testing.T) {
	for name, fault := range map[string]error{
		"refused":  fmt.Errorf("dial: %w", syscall.ECONNREFUSED),
		"overload": apierrors.NewTooManyRequests("later", 1),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, j := newCluster("a"), &journal{}
				c.setFault(fault)
				r := launch(t, nil, j, streaming{cluster: c}, nil, nil)
				time.Sleep(5 * time.Minute)
				require.Contains(t, r.logs.String(), fault.Error())
				_, watches := c.requests()
				require.Less(t, watches, 65, "it backs off: one in 5 s")
				before := time.Now()
				require.NoError(t, r.stop())
				require.Zero(t, time.Since(before))
			})
		})
	}
}

func TestWatchThatIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a"), &journal{}
		r := launch(t, nil, j, watchless{c}, nil, nil)
		time.Sleep(10 * time.Second)
		require.Equal(t, []string{"a=0"}, j.take())
		require.Contains(t, r.logs.String(), "returned neither a watch nor an error")
	})
}

type watchless struct{ *cluster }

func (watchless) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) { return nil, nil }

var _ controller.Retriever = watchless{}

// A retriever that ignores the options' version and returns none.
func TestListsWithoutAVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a"), &journal{}
		launch(t, nil, j, unversioned{c}, nil, nil)
		require.Equal(t, []string{"a=0"}, j.take())
		c.set("a", "1")
		synctest.Wait()
		require.Equal(t, []string{"a=1"}, j.take())
	})
}

type unversioned struct{ *cluster }

func (u unversioned) List(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
	list, err := u.cluster.List(ctx, opts)
	list.(*corev1.ConfigMapList).ResourceVersion = ""
	return list, err
}

func (u unversioned) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	w := watch.NewRaceFreeFake()
	u.watchers = append(u.watchers, w)
	return w, nil
}
