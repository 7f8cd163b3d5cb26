package controller_test

import (
	"context"
	"errors"
	"fmt"
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
				cluster.setFault(errors.New("not yet")) // else it may watch again before the history is compacted
				cluster.breakWatches(c.event)
				cluster.set("a", "2")
				if c.compact {
					cluster.compact()
				}
				cluster.setFault(nil)
				time.Sleep(10 * time.Second)
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
		require.Contains(t, r.logs.String(), "still waiting for the first list")
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

// A Retriever that ignores its context delays the end of Run, which never
// leaves a call behind.
func TestRunJoinsTheRetriever(t *testing.T) {
	for name, list := range map[string]bool{"list": true, "watch": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &hanging{cluster: newCluster("a"), list: list, returns: make(chan struct{})}
				run := launch(t, nil, &journal{}, h, nil, nil)
				ended := false
				go func() {
					_ = run.stop()
					ended = true
				}()
				time.Sleep(time.Hour)
				require.False(t, ended, "a request is in flight")
				close(h.returns)
				synctest.Wait()
				require.True(t, ended)
			})
		})
	}
}

// hanging is a cluster whose lists or watches do not return before the test says so.
type hanging struct {
	*cluster
	list    bool
	returns chan struct{}
}

func (h *hanging) List(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
	if h.list {
		<-h.returns
	}
	return h.cluster.List(ctx, opts)
}

func (h *hanging) Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	if !h.list {
		<-h.returns
	}
	return h.cluster.Watch(ctx, opts)
}

func TestRunStopsItsWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster("a")
		r := launch(t, nil, &journal{}, c, nil, nil)
		require.Len(t, c.watchers, 1)
		require.False(t, c.watchers[0].IsStopped())
		require.NoError(t, r.stop())
		require.True(t, c.watchers[0].IsStopped())
	})
}

func TestObjectsThatAreNoneAreAnError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster("a")
		r := launch(t, nil, &journal{}, odd{c}, nil, nil)
		time.Sleep(time.Minute)
		require.Contains(t, r.logs.String(), "object has no meta")
		require.NoError(t, r.stop())
	})
}

// odd lists a list of objects without metadata.
type odd struct{ *cluster }

func (odd) List(context.Context, metav1.ListOptions) (runtime.Object, error) {
	return &metav1.List{ListMeta: metav1.ListMeta{ResourceVersion: "1"}, Items: []runtime.RawExtension{{Object: &metav1.Status{}}, {Object: &metav1.APIVersions{}}}}, nil
}

func TestInformerEndsWithTheShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newInflight(false)
		r, _, c := leading(t, nil, h, nil)
		r.end()
		synctest.Wait()
		require.True(t, c.watchers[0].IsStopped(), "a drain needs no watch")
		close(h.release)
		require.NoError(t, r.stop())
	})
}

func TestOutageAfterTheFirstSync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a"), &journal{}
		r := launch(t, &controller.Config{ResyncInterval: time.Hour}, j, c, nil, nil)
		j.take()
		c.setFault(fmt.Errorf("dial: %w", syscall.ECONNREFUSED))
		c.breakWatches(nil)
		c.set("a", "1")
		time.Sleep(10 * time.Minute)
		require.Contains(t, r.logs.String(), "dial: connection refused")
		_, watches := c.requests()
		require.Less(t, watches, 130, "one in 5 s")
		require.Empty(t, j.take())
		c.setFault(nil)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=1"}, j.take())
	})
}

func TestOutageInTheMidstOfAWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a"), &journal{}
		r := launch(t, &controller.Config{ResyncInterval: time.Hour}, j, c, nil, nil)
		time.Sleep(time.Minute) // a watch that lasted is begun anew without a list
		j.take()
		c.setFault(fmt.Errorf("dial: %w", syscall.ECONNREFUSED))
		c.breakWatches(nil)
		c.set("a", "1")
		time.Sleep(10 * time.Minute)
		require.Contains(t, r.logs.String(), "watch failed; it is tried again with backoff")
		c.setFault(nil)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=1"}, j.take())
		lists, _ := c.requests()
		require.Equal(t, 1, lists)
		c.setFault(fmt.Errorf("dial: %w", syscall.ECONNREFUSED))
		c.breakWatches(nil)
		time.Sleep(time.Minute)
		before := time.Now()
		require.NoError(t, r.stop())
		require.Zero(t, time.Since(before), "the pause ends with Run")
	})
}

// A replica that is elected while its informer pauses after failures goes on at
// once: it would work on what it saw before.
func TestPromotionEndsAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster("a"), &journal{}, newSwitchboard()
		r := launch(t, &controller.Config{ResyncInterval: time.Hour}, j, c, s, nil)
		c.setFault(errors.New("cut off"))
		c.breakWatches(nil)
		c.set("a", "1")
		c.compact()
		time.Sleep(10 * time.Minute)
		lists, _ := c.requests()
		for now := lists; now == lists; now, _ = c.requests() {
			time.Sleep(100 * time.Millisecond) // until an attempt has failed just now
		}
		require.Empty(t, j.take())
		c.setFault(nil)
		s.grant()
		synctest.Wait()
		require.Contains(t, j.take(), "a=1", "maybe after what was known before")
		require.NoError(t, r.stop())
	})
}
