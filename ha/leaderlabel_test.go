package ha_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// labelling is a term in which a component runs.
type labelling struct {
	cancel context.CancelFunc
	valid  atomic.Bool
	done   chan struct{}
	result chan error
}

func startLabel(t *testing.T, c ha.Component, token uint64) *labelling {
	l := &labelling{done: make(chan struct{}), result: make(chan error, 1)}
	l.valid.Store(true)
	term := leaderelection.NewTerm(leaderelection.TermConfig{Token: token, Done: l.done, Deadline: func() time.Time {
		if l.valid.Load() {
			return time.Now().Add(time.Hour)
		}
		return time.Now()
	}})
	ctx, cancel := context.WithCancel(leaderelection.WithTerm(t.Context(), term))
	l.cancel = cancel
	go func() { l.result <- c.Run(ctx) }()
	return l
}

// giveUp is a shutdown or a StepDown: the term is valid until the work has
// returned.
func (l *labelling) giveUp(t *testing.T) {
	l.cancel()
	require.NoError(t, <-l.result)
	l.end()
}

// lose is the end of a term that others may follow at once.
func (l *labelling) lose(t *testing.T) {
	l.end()
	l.cancel()
	require.NoError(t, <-l.result)
}

func (l *labelling) end() {
	l.valid.Store(false)
	close(l.done)
}

func TestLeaderLabelIsTakenOffOthersFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a", "b*", "c*", "d")
		s.change("d", func(p *corev1.Pod) { p.Labels[labelKey] = "standby" })
		s.change("c", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Now()} })
		s.create("stranger", true)
		s.change("stranger", func(p *corev1.Pod) { p.Labels["app"] = "another" })
		l := startLabel(t, s.label("a", nil), 7)
		synctest.Wait()
		require.Equal(t, []string{"-b", "-c", "+a"}, s.took())
		require.Equal(t, []string{"a", "stranger"}, s.leaders(), "another program's pod is left alone")
		require.Equal(t, "standby", s.get("d").Labels[labelKey])
		require.Equal(t, "7", s.get("a").Annotations["regent-ha.github.io/token"])

		time.Sleep(time.Hour)
		synctest.Wait()
		require.Empty(t, s.took(), "and then there is nothing to do")
		l.giveUp(t)
		require.Equal(t, []string{"-a"}, s.took())
	})
}

func TestLeaderLabelWaitsUntilOthersLostIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a", "b*")
		var ill atomic.Bool
		ill.Store(true)
		s.intercept(func(verb, pod string) error {
			if pod == "b" && ill.Load() {
				return errors.New("the API server is ill")
			}
			return nil
		})
		l := startLabel(t, s.label("a", nil), 7)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, []string{"b"}, s.leaders())
		require.Empty(t, s.took())
		ill.Store(false)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"-b", "+a"}, s.took())
		l.giveUp(t)
	})
}

func TestLeaderLabelOutlastsAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a")
		var log bytes.Buffer
		requests := 0
		s.intercept(func(string, string) error { requests++; return errors.New("connection refused") })
		l := startLabel(t, s.label("a", &log), 7)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.InDelta(t, 8+20, requests, 2, "0.1 s, 0.2 s, ... then each 30 s")
		require.Contains(t, log.String(), "list pods: connection refused")
		s.intercept(nil)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a"}, s.leaders())
		s.intercept(func(string, string) error { return errors.New("connection refused") })
		began := time.Now()
		l.giveUp(t)
		require.Equal(t, 2*time.Second, time.Since(began), "nobody waits for longer than that to lead")
		require.Contains(t, log.String(), "stays on the own pod until the next leader removes it")
	})
}

func TestLeaderLabelIsRepaired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a", "b")
		l := startLabel(t, s.label("a", nil), 7)
		synctest.Wait()
		s.change("b", func(p *corev1.Pod) { p.Labels[labelKey] = "leader" }) // what a deposed leader's late request did
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a"}, s.leaders(), "soon after the promotion")
		time.Sleep(time.Hour)
		s.change("a", func(p *corev1.Pod) { delete(p.Labels, labelKey) })
		s.change("b", func(p *corev1.Pod) { p.Labels[labelKey] = "leader" })
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a"}, s.leaders())
		s.change("a", func(p *corev1.Pod) { p.Labels[labelKey] = "something" })
		time.Sleep(30 * time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a"}, s.leaders())
		l.giveUp(t)
		require.Empty(t, s.leaders())
	})
}

// At a shutdown the own pod has changed since it was seen: it is being deleted.
func TestLeaderLabelIsTakenOffAPodThatIsBeingDeleted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a")
		l := startLabel(t, s.label("a", nil), 7)
		synctest.Wait()
		s.change("a", func(p *corev1.Pod) { p.DeletionTimestamp = &metav1.Time{Time: time.Now()} })
		l.giveUp(t)
		require.Empty(t, s.leaders())
	})
}

func TestLeaderLabelIsNotWrittenAfterTheTerm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a", "b*")
		var l *labelling
		started := make(chan struct{})
		s.intercept(func(verb, _ string) error {
			if verb == "list" {
				<-started
				l.valid.Store(false) // its context has not heard of it yet
			}
			return nil
		})
		l = startLabel(t, s.label("a", nil), 7)
		close(started)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, s.took())
		l.lose(t)
		require.Empty(t, s.took())
	})
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a")
		l := startLabel(t, s.label("a", nil), 7)
		synctest.Wait()
		l.lose(t)
		require.Equal(t, []string{"a"}, s.leaders(), "it is the next leader's to remove")
	})
}

// hold holds the next patch of a pod up between its checks and the server.
func (s *podStore) hold(pod string) (held, release chan struct{}) {
	held, release = make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	s.intercept(func(verb, name string) error {
		if verb == "patch" && name == pod && once.CompareAndSwap(false, true) {
			close(held)
			<-release
		}
		return nil
	})
	return held, release
}

func TestLeaderLabelOfADeposedLeaderThatComesLate(t *testing.T) {
	// a's request to label itself is under way when b leads.
	for name, test := range map[string]struct {
		pods  []string
		wrote []string
	}{
		"a was labelled before: refused": {[]string{"a*", "b"}, []string{"-a", "+b"}},
		"a was not: b repairs it":        {[]string{"a", "b"}, []string{"+b", "+a", "-a"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newPodStore(t, test.pods...)
				held, release := s.hold("a")
				a := startLabel(t, s.label("a", nil), 7)
				<-held
				a.end()
				b := startLabel(t, s.label("b", nil), 8)
				time.Sleep(500 * time.Millisecond)
				close(release)
				a.cancel()
				require.NoError(t, <-a.result)
				time.Sleep(time.Second)
				synctest.Wait()
				require.Equal(t, test.wrote, s.took())
				require.Equal(t, []string{"b"}, s.leaders())
				b.giveUp(t)
			})
		})
	}
}

// b takes a's label off, but slowly: a leads again meanwhile.
func TestLeaderLabelSurvivesALateRemoval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a*", "b")
		held, release := s.hold("a")
		b := startLabel(t, s.label("b", nil), 7)
		<-held
		b.end()
		a := startLabel(t, s.label("a", nil), 8)
		synctest.Wait()
		require.Equal(t, []string{"+a"}, s.took(), "labelled it is; the token makes it another version")
		close(release)
		b.cancel()
		require.NoError(t, <-b.result)
		require.Empty(t, s.took())
		require.Equal(t, []string{"a"}, s.leaders())
		a.giveUp(t)
	})
}

func TestLeaderLabelOfAPodThatVanishes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a", "b*")
		s.intercept(func(verb, pod string) error {
			if verb == "patch" && pod == "b" {
				s.remove("b")
			}
			return nil
		})
		l := startLabel(t, s.label("a", nil), 7)
		synctest.Wait()
		require.Equal(t, []string{"+a"}, s.took())
		l.giveUp(t)
	})
}

// A stateful set gives a pod's name to another pod.
func TestLeaderLabelIsNotForANamesake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a")
		var log bytes.Buffer
		l := startLabel(t, s.label("a", &log), 7)
		synctest.Wait()
		s.remove("a")
		s.create("a", false)
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Empty(t, s.leaders())
		require.Contains(t, log.String(), "is another one now")
		l.giveUp(t)
	})
}

func TestLeaderLabelFaults(t *testing.T) {
	t.Run("a wrong name or selector", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := newPodStore(t, "a*", "b")
			var log bytes.Buffer
			l := startLabel(t, s.label("c", &log), 7)
			synctest.Wait()
			require.Contains(t, log.String(), `pod \"c\" is not among the 2 that the selector \"app=server\" finds; mend`)
			began := time.Now()
			l.giveUp(t)
			require.Zero(t, time.Since(began), "it was never labelled: there is nothing to wait for")
			require.Empty(t, s.took())
		})
	})
	t.Run("not in Config.Leader", func(t *testing.T) {
		require.ErrorContains(t, newPodStore(t, "a").label("a", nil).Run(t.Context()), "Config.Leader, not Config.Always")
	})
	good := ha.LeaderLabelConfig{Pods: newPodStore(t).pods(), Pod: "a", Selector: replicas, Key: labelKey, Value: "leader"}
	for name, test := range map[string]struct {
		change func(*ha.LeaderLabelConfig)
		says   []string
	}{
		"nothing":      {func(c *ha.LeaderLabelConfig) { *c = ha.LeaderLabelConfig{} }, []string{"Pods nil", `Pod ""`, `Key ""`, `Selector ""`, "POD_NAME"}},
		"key":          {func(c *ha.LeaderLabelConfig) { c.Key = "a b" }, []string{`LeaderLabelConfig.Key "a b"`, "mend"}},
		"value":        {func(c *ha.LeaderLabelConfig) { c.Value = "-" }, []string{`LeaderLabelConfig.Value "-"`, "mend"}},
		"selector":     {func(c *ha.LeaderLabelConfig) { c.Selector = "a in (" }, []string{`LeaderLabelConfig.Selector "a in ("`, "mend"}},
		"own selector": {func(c *ha.LeaderLabelConfig) { c.Selector = labelKey + "=leader" }, []string{"depends on Key", "mend"}},
		"interval":     {func(c *ha.LeaderLabelConfig) { c.Interval = time.Millisecond }, []string{"LeaderLabelConfig.Interval 1ms", "mend"}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			test.change(&cfg)
			_, err := ha.NewLeaderLabel(cfg)
			for _, s := range test.says {
				require.ErrorContains(t, err, s)
			}
			var field *ha.FieldError
			require.ErrorAs(t, err, &field)
		})
	}
	good.Value = ""
	_, err := ha.NewLeaderLabel(good)
	require.NoError(t, err, "a label may be empty")
}
