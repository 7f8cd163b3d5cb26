package ha_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock/locktest"
)

// replica is a process with an Elector: an API in each, controllers in one.
func replica(t *testing.T, s *stage, client *locktest.Client, name string, change func(*leaderelection.Config)) (*play, *leaderelection.Elector) {
	t.Helper()
	history := new(ha.History)
	cfg := leaderelection.Config{
		Lock: client, Identity: name, Now: locktest.Clock(), Logger: slog.New(slog.DiscardHandler),
		Observers: []leaderelection.Observer{history.Observe},
	}
	if change != nil {
		change(&cfg)
	}
	elector, err := leaderelection.NewElector(cfg)
	require.NoError(t, err)
	return start(t, ha.Config{
		Runner: elector, History: history,
		Always: []ha.Component{s.component(name + ".api")},
		Leader: []ha.Component{s.component(name + ".one"), s.component(name + ".two")},
	}), elector
}

func TestReplicas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := new(stage), locktest.NewStore()
		a, _ := replica(t, s, store.Client("lock"), "a", nil)
		time.Sleep(time.Minute)
		require.Equal(t, "a.api starts, a.one starts, a.two starts", s.sorted(), "the order is that of the calls, not of what they say")
		b, elector := replica(t, s, store.Client("lock"), "b", nil)
		time.Sleep(time.Minute)
		require.Equal(t, "b.api starts", s.said())
		require.Equal(t, ha.ModeLeader, a.Status().Mode)
		status := b.Status()
		require.Equal(t, ha.ModeNonLeader, status.Mode)
		require.NoError(t, status.Ready)
		require.Equal(t, "a", status.Election.Holder)
		require.Equal(t, "b", status.Replica)
		require.Equal(t, leaderelection.EventHolder, status.Transitions[0].Kind)
		require.Equal(t, "a", status.Transitions[0].Holder)

		require.NoError(t, a.stop())
		synctest.Wait()
		require.Equal(t, "a.api stops, a.one stops, a.two stops, b.one starts, b.two starts", s.sorted(), "b leads without a restart")
		last := a.Status().Transitions
		ended := slices.IndexFunc(last, func(t ha.Transition) bool { return t.Kind == leaderelection.EventEnded })
		require.Equal(t, "shutting down", last[ended].Reason)
		require.Equal(t, last[ended].Token, last[0].Token, "the newest first")

		require.NoError(t, elector.StepDown(t.Context()))
		require.Equal(t, "b.two stops, b.one stops", s.said())
		time.Sleep(time.Minute)
		require.Equal(t, "b.one starts, b.two starts", s.sorted(), "nobody else wants to")
		require.NoError(t, b.stop())
	})
}

func TestCutOffReplicaServesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := new(stage), locktest.NewStore()
		client := store.Client("lock")
		a, _ := replica(t, s, client, "a", nil)
		synctest.Wait()
		b, _ := replica(t, s, store.Client("lock"), "b", nil)
		time.Sleep(time.Minute + time.Second) // the last renewal was a second ago
		s.said()
		client.Cut()
		time.Sleep(leaderelection.DefaultRenewDeadline)
		require.Equal(t, "a.one stops, a.two stops", s.sorted())
		require.Equal(t, ha.StateRunning, a.state("a.api"))
		time.Sleep(leaderelection.DefaultLeaseDuration)
		synctest.Wait()
		require.Equal(t, "b.one starts, b.two starts", s.sorted())
		client.Heal()
		time.Sleep(time.Minute)
		require.Equal(t, ha.ModeNonLeader, a.Status().Mode)
		require.NoError(t, a.Status().Ready)
		require.NoError(t, a.stop())
		require.NoError(t, b.stop())
	})
}

func TestExitOnLoss(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, client := new(stage), locktest.NewStore().Client("lock")
		a, _ := replica(t, s, client, "a", func(cfg *leaderelection.Config) { cfg.ExitOnLoss = true })
		time.Sleep(time.Minute)
		client.Cut()
		require.ErrorIs(t, <-a.result, leaderelection.ErrLeadershipLost)
		require.Regexp(t, "a.(one|two) stops, a.(one|two) stops, a.api stops$", s.said())
	})
}

// A component that has the Elector as a Runner of its own, as a Controller may,
// works in the Group's term.
func TestComponentWithTheSameRunner(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := new(stage)
		elector, err := leaderelection.NewElector(leaderelection.Config{
			Lock: locktest.NewStore().Client("lock"), Now: locktest.Clock(), Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		x := s.component("x")
		p := start(t, ha.Config{Runner: elector, Leader: []ha.Component{{
			Name: "x", Run: func(ctx context.Context) error { return elector.Run(ctx, x.Run) },
		}}})
		time.Sleep(time.Minute)
		require.NoError(t, elector.StepDown(t.Context()))
		time.Sleep(time.Minute)
		require.NoError(t, p.stop())
		require.Equal(t, "x starts, x stops, x starts, x stops", s.said())
		require.False(t, elector.IsLeader())
	})
}

// A manager of controller-runtime is tested in internal/integration; here, what
// cannot be followed.
func TestManagerOfAnotherRunner(t *testing.T) {
	t.Parallel()
	c := ha.NewManager("manager", nil, nil)
	require.ErrorContains(t, c.Run(context.Background()), "newManager is nil; mend:")
	c = ha.NewManager("manager", deaf(nil), func(*leaderelection.ManagerLink) (leaderelection.Manager, error) { return nil, errBroken })
	require.ErrorContains(t, c.Run(context.Background()), "cannot follow a ha_test.deaf; mend:")
}
