package controller_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

func TestRunOnceAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j := newCluster("a"), &journal{}
		ctrl := controller.New(nil, j, c, nil, nil, logger)
		for range 3 {
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- ctrl.Run(ctx) }()
			synctest.Wait()
			another, end := context.WithTimeout(t.Context(), time.Second)
			require.ErrorIs(t, ctrl.Run(another), controller.ErrRunning)
			end()
			require.Equal(t, []string{"a=0"}, j.take())
			cancel()
			require.NoError(t, <-ended)
		}
	})
}

func TestEndedContextHandlesNothing(t *testing.T) {
	inEachMode(t, func(t *testing.T, m mode) {
		j := &journal{}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.NoError(t, controller.New(nil, j, newCluster("a"), m.runner, nil, logger).Run(ctx))
		require.Empty(t, j.take())
	})
}

// runnerFunc is a Runner that somebody else wrote.
type runnerFunc func(ctx context.Context, lead func(context.Context) error) error

func (f runnerFunc) Run(ctx context.Context, lead func(context.Context) error) error {
	return f(ctx, lead)
}

func TestRunnerWithoutTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newInflight(true)
		bare := runnerFunc(func(ctx context.Context, lead func(context.Context) error) error {
			ctx, cancel := context.WithCancelCause(ctx)
			defer context.AfterFunc(ctx, func() { cancel(nil) })()
			return lead(ctx)
		})
		r := launch(t, nil, h, newCluster("a"), bare, nil)
		r.end()
		synctest.Wait()
		require.Equal(t, []string{"a=0 0s"}, h.take(), "an end that says nothing is no graceful one")
		require.NoError(t, r.stop())
	})
}

func TestTermThatEndedBeforeItBegan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := &journal{}
		late := runnerFunc(func(_ context.Context, lead func(context.Context) error) error {
			ctx, cancel := context.WithCancelCause(context.Background())
			cancel(leaderelection.ErrTaken)
			return lead(ctx)
		})
		require.NoError(t, controller.New(nil, j, newCluster("a"), late, nil, logger).Run(t.Context()))
		require.Empty(t, j.take())
	})
}

func TestObjectThatIsMadeAnewDuringTheDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j, returns := &journal{}, make(chan struct{})
		h := both(j)
		h.OnHandle = func(_ context.Context, obj kruntime.Object) error {
			<-returns
			j.note(state(obj))
			return nil
		}
		_, s, c := leading(t, nil, h, nil)
		s.end(leaderelection.ErrSteppedDown)
		c.remove("a")
		c.set("a", "another")
		synctest.Wait()
		close(returns)
		s.grant()
		require.Equal(t, []string{"a=0", "a=another"}, j.take(), "the deletion came while nothing was taken")
		c.remove("a")
		synctest.Wait()
		require.Equal(t, []string{"gone a=another"}, j.take())
	})
}

// Nothing of an earlier term acts on, however many there were.
func TestManyTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, j, s := newCluster("a"), &journal{}, newSwitchboard()
		launch(t, &controller.Config{RetryBaseDelay: time.Second}, both(j), c, s, nil)
		losses := append(losses, leaderelection.ErrSteppedDown)
		for i := range 500 {
			s.grant()
			require.Equal(t, []string{"a=0"}, j.take())
			s.end(losses[i%len(losses)])
		}
		s.grant()
		j.take()
		c.set("a", "1")
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=1"}, j.take(), "handled once, not 501 times")
		lists, _ := c.requests()
		require.Equal(t, 1, lists)
	})
}

// manual is a Retriever of an empty list and one watch.
type manual struct{ *watch.RaceFreeFakeWatcher }

func (manual) List(context.Context, metav1.ListOptions) (kruntime.Object, error) {
	return &corev1.ConfigMapList{ListMeta: metav1.ListMeta{ResourceVersion: "1"}}, nil
}

func (m manual) Watch(context.Context, metav1.ListOptions) (watch.Interface, error) { return m, nil }

// A term that stayed attached would keep each object deleted after it.
func TestEndedTermsKeepNoObjects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, s := manual{watch.NewRaceFreeFake()}, newSwitchboard()
		launch(t, nil, both(&journal{}), w, s, nil)
		s.grant()
		s.end(leaderelection.ErrTaken)
		known := func() weak.Pointer[corev1.ConfigMap] {
			o := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a", ResourceVersion: "2"}}
			w.Add(o)
			synctest.Wait()
			w.Delete(o)
			synctest.Wait()
			return weak.Make(o)
		}()
		for range 10 {
			runtime.GC()
		}
		require.Nil(t, known.Value())
	})
}

// explosive is an object that cannot be copied.
type explosive struct{ *corev1.ConfigMap }

func (explosive) DeepCopyObject() kruntime.Object { panic("boom") }

func TestPanicInDeepCopyIsOneFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, j, m := manual{watch.NewRaceFreeFake()}, &journal{}, &recording{}
		r := launch(t, &controller.Config{ProcessingJobRetries: 1, RetryBaseDelay: time.Second}, j, w, nil, m)
		w.Add(explosive{&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "bad", ResourceVersion: "2"}}})
		time.Sleep(time.Minute)
		w.Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "good", ResourceVersion: "3"}})
		synctest.Wait()
		require.Equal(t, []string{"good="}, j.take())
		require.Equal(t, 2, count(m.take(), "done panic"))
		require.Contains(t, r.logs.String(), "boom")
	})
}
