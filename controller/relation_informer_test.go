package controller_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/controller"
)

func TestRelationsAreWarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j, out := newCluster("a", "b"), newCluster(), &journal{}, &logs{}
		parts.change("part", of("a"))
		ctrl := controller.New(owning(parts), j, c, nil, nil, slog.New(slog.NewJSONHandler(out, nil)))
		warm := begin(t, t.Context(), ctrl.Warm)
		for range 3 {
			term := begin(t, t.Context(), ctrl.Run)
			require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted(), "the pass, and nothing else")
			settled(func() { parts.change("part", of("b")) })
			require.Equal(t, []string{"a=0", "b=0"}, j.takeSorted())
			term.end(nil)
			term.requireReturned(t)
			settled(func() { parts.change("part", of("a")) })
			require.Empty(t, j.take(), "between terms")
		}
		lists, watches := parts.requests()
		require.Equal(t, [2]int{1, 1}, [2]int{lists, watches})
		require.Equal(t, 1, strings.Count(out.String(), `"relation":"parts","objects":1`), "it says that it has synced")
		warm.end(nil)
		warm.requireReturned(t)
		require.True(t, parts.watchers[0].IsStopped())
	})
}

// Whichever of Warm and Run ends last ends the informers of relations too.
func TestRelationsLiveAsLongAsTheirLastHolder(t *testing.T) {
	for _, shorter := range []string{"Warm", "Run"} {
		t.Run(shorter+" ends before the other", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, parts, j := newCluster("a"), newCluster(), &journal{}
				ctrl := controller.New(owning(parts), j, c, nil, nil, logger)
				calls := map[string]*call{"Warm": begin(t, t.Context(), ctrl.Warm), "Run": begin(t, t.Context(), ctrl.Run)}
				j.take()
				calls[shorter].end(nil)
				calls[shorter].requireReturned(t)
				require.Len(t, parts.watchers, 1)
				require.False(t, parts.watchers[0].IsStopped())
				settled(func() { parts.change("part", of("a")) })
				require.Equal(t, shorter == "Warm", len(j.take()) == 1, "Run goes on handling, Warm does not")
				longer := calls[other(shorter)]
				longer.end(nil)
				longer.requireReturned(t)
				require.True(t, parts.watchers[0].IsStopped())
				require.EqualError(t, ctrl.Check(nil), "controller: it does not run")
			})
		})
	}
}

// Who knows half of it does not lead.
func TestNoCampaignBeforeTheRelationsHaveSynced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j, s, out := newCluster("a"), newCluster(), &journal{}, newSwitchboard(), &logs{}
		for i := range 100 {
			parts.change(strings.Repeat("x", i+1), of("a"))
		}
		parts.setFault(errors.New("no rights"))
		ctrl := controller.New(owning(parts), j, c, s, nil, slog.New(slog.NewJSONHandler(out, nil)))
		run := begin(t, t.Context(), ctrl.Run)
		s.grant() // nobody takes it yet
		time.Sleep(time.Minute)
		require.Len(t, s.grants, 1)
		require.Empty(t, j.take())
		err := ctrl.Check(nil)
		require.ErrorContains(t, err, `controller: no list of relation "parts" yet: `)
		require.ErrorContains(t, err, "no rights")
		require.NotContains(t, err.Error(), "of the objects")
		for _, line := range strings.Split(out.String(), "\n") {
			if strings.Contains(line, "list or watch failed") || strings.Contains(line, "still waiting for the first list") {
				require.Contains(t, line, `"relation":"parts"`)
			}
		}
		require.Contains(t, out.String(), "still waiting for the first list")
		lists, _ := parts.requests()
		require.Less(t, lists, 15, "it backs off")

		parts.setFault(nil)
		time.Sleep(time.Minute)
		require.NoError(t, ctrl.Check(nil))
		require.Empty(t, s.grants)
		require.Equal(t, []string{"a=0"}, j.take(), "first lists queue nothing")
		run.end(nil)
		run.requireReturned(t)
	})
}

func TestCheckNamesAllThatIsMissing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, first, second := newCluster(), newCluster(), newCluster()
		for faulty, fault := range map[*cluster]string{c: "one", first: "two", second: "three"} {
			faulty.setFault(errors.New(fault))
		}
		cfg := relating(
			controller.Relation{Name: "firsts", Retriever: first, Keys: owners},
			controller.Relation{Name: "seconds", Retriever: second, Keys: owners},
		)
		ctrl := controller.New(&cfg, &journal{}, c, nil, nil, logger)
		begin(t, t.Context(), ctrl.Warm)
		time.Sleep(time.Second)
		require.Regexp(t, `^controller: no list of the objects yet: .*one\n`+
			`controller: no list of relation "firsts" yet: .*two\n`+
			`controller: no list of relation "seconds" yet: .*three$`, ctrl.Check(nil).Error())
	})
}

func TestPromotionEndsAPauseOfARelation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j, s := newCluster("a"), newCluster(), &journal{}, newSwitchboard()
		r := launch(t, owning(parts), j, c, s, nil)
		parts.setFault(errors.New("cut off"))
		parts.breakWatches(nil)
		parts.change("part", of("a"))
		parts.compact()
		time.Sleep(10 * time.Minute)
		lists, _ := parts.requests()
		for now := lists; now == lists; now, _ = parts.requests() {
			time.Sleep(100 * time.Millisecond) // until an attempt has failed just now
		}
		parts.setFault(nil)
		lists, _ = parts.requests()
		s.grant()
		after, _ := parts.requests()
		require.Equal(t, lists+1, after)
		require.NoError(t, r.stop())
	})
}

func TestRunJoinsTheRetrieversOfRelations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &hanging{cluster: newCluster(), list: true, returns: make(chan struct{})}
		ctrl := controller.New(owning(h), &journal{}, newCluster("a"), nil, nil, logger)
		run := begin(t, t.Context(), ctrl.Run)
		run.end(nil)
		time.Sleep(time.Hour)
		require.False(t, run.returned(), "a request is in flight")
		close(h.returns)
		synctest.Wait()
		run.requireReturned(t)
	})
}

// An outage of a relation after its first sync costs its events, not the term.
func TestLeaderGoesOnWithoutARelation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, parts, j := newCluster("a"), newCluster(), &journal{}
		ctrl := controller.New(owning(parts), j, c, nil, nil, logger)
		run := begin(t, t.Context(), ctrl.Run)
		j.take()
		parts.setFault(context.DeadlineExceeded)
		parts.breakWatches(nil)
		parts.change("part", of("a"))
		time.Sleep(10 * time.Minute)
		require.NoError(t, ctrl.Check(nil), "it can lead with what it knows")
		settled(func() { c.set("a", "1") })
		require.Equal(t, []string{"a=1"}, j.take())
		parts.setFault(nil)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"a=1"}, j.take(), "made up for")
		run.end(nil)
		run.requireReturned(t)
	})
}
