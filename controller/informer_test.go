package controller_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/regent-ha/regent/controller"
)

func TestWatchBreaks(t *testing.T) {
	gone := apierrors.NewResourceExpired("too old").Status()
	internal := apierrors.NewInternalError(errors.New("etcd")).Status()
	for name, c := range map[string]struct {
		event   runtime.Object
		compact bool
		relists bool
	}{
		"closed":                    {},
		"closed, history compacted": {compact: true, relists: true},
		"410 event":                 {event: &gone, compact: true, relists: true},
		"error event":               {event: &internal, relists: true},
	} {
		t.Run(name, func(t *testing.T) {
			inEachMode(t, func(t *testing.T, m mode) {
				cluster, j := newCluster(), &journal{}
				m.start(t, &controller.Config{ResyncInterval: time.Hour}, j, cluster)
				cluster.set("a", "1")
				cluster.set("b", "1")
				synctest.Wait()
				j.take()
				cluster.breakWatches(c.event)
				cluster.set("a", "2")
				if c.compact {
					cluster.compact()
				}
				time.Sleep(5 * time.Second)
				synctest.Wait()
				require.Equal(t, []string{"a=2"}, j.take(), "b has not changed")
				lists, _ := cluster.requests()
				require.Equal(t, c.relists, lists > 1, "%d lists", lists)
				cluster.set("a", "3")
				synctest.Wait()
				require.Equal(t, []string{"a=3"}, j.take())
			})
		})
	}
}

func TestNoCampaignBeforeTheFirstSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster("a"), &journal{}, newSwitchboard()
		c.setFault(apierrors.NewForbidden(corev1.Resource("configmaps"), "", errors.New("no RBAC")))
		r := launch(t, nil, j, c, s, nil)
		s.grant() // nobody takes it yet
		time.Sleep(time.Minute)
		require.Len(t, s.grants, 1)
		require.Contains(t, r.logs.String(), "still waiting for the first sync")
		require.Contains(t, r.logs.String(), "no RBAC")
		lists, _ := c.requests()
		require.Less(t, lists, 15, "it backs off")
		c.setFault(nil)
		time.Sleep(time.Minute)
		require.Empty(t, s.grants)
		require.Equal(t, []string{"a=0"}, j.take())
	})
}

func TestRunEndsBeforeTheFirstSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster("a")
		c.setFault(errors.New("down"))
		r := launch(t, nil, &journal{}, c, newSwitchboard(), nil)
		time.Sleep(15 * time.Second)
		require.NoError(t, r.stop())
	})
}

func TestRunJoinsTheRetriever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster("a")
		c.hang = make(chan struct{})
		r := launch(t, nil, &journal{}, c, nil, nil)
		ended := false
		go func() {
			_ = r.stop()
			ended = true
		}()
		synctest.Wait()
		require.False(t, ended, "a list is in flight")
		close(c.hang)
		synctest.Wait()
		require.True(t, ended)
	})
}

func TestRetrieveFromAFakeClientset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fake.NewClientset(&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "a"}})
		j := &journal{}
		launch(t, nil, controller.HandlerOf(func(_ context.Context, pod *corev1.Pod) error {
			j.note(pod.Name)
			return nil
		}), controller.Retrieve(client.CoreV1().Pods("")), nil, nil)
		require.Equal(t, []string{"a"}, j.take())
		_, err := client.CoreV1().Pods("ns").Create(t.Context(), &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "b"}}, metav1.CreateOptions{})
		require.NoError(t, err)
		synctest.Wait()
		require.Equal(t, []string{"b"}, j.take())
	})
}

func TestRetrievePassesErrors(t *testing.T) {
	client := fake.NewClientset()
	list, err := controller.Retrieve(client.CoreV1().Pods("")).List(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	require.IsType(t, &corev1.PodList{}, list)

	forbidden := &apierrors.StatusError{ErrStatus: metav1.Status{Code: http.StatusForbidden}}
	list, err = controller.Retrieve(refusing{forbidden}).List(t.Context(), metav1.ListOptions{})
	require.ErrorIs(t, err, forbidden)
	require.True(t, list == nil, "no typed nil")
}

// refusing is a client whose lists fail.
type refusing struct{ err error }

func (r refusing) List(context.Context, metav1.ListOptions) (*corev1.PodList, error) {
	return nil, r.err
}

func (r refusing) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) {
	return nil, r.err
}
