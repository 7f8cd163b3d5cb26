package integration_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// team is a leader and others that stand by and are known to it.
type team struct {
	namespace string
	arena     *arena
	members   map[*candidate]bool
	leader    *candidate
	led       *term
}

// newTeam starts candidates a, b, …, in pods pod-a, pod-b, …
func newTeam(t *testing.T, n int) *team {
	t.Helper()
	g := &team{namespace: plane.Namespace(t), arena: newArena(t), members: make(map[*candidate]bool)}
	for i := range n {
		name := string(rune('a' + i))
		g.add(t, plane.Get(t).Config(), name, "pod-"+name)
	}
	g.leader, g.led = anyLeads(t, g.members)
	g.known(t)
	return g
}

func (g *team) add(t *testing.T, cfg *rest.Config, identity, pod string) *candidate {
	t.Helper()
	c := start(t, g.arena, newLease(t, newClient(t, cfg), g.namespace), identity, func(c *leaderelection.Config) { c.Pod = pod })
	g.members[c] = true
	return c
}

// known waits until each member sees all of them in the list, and watches.
func (g *team) known(t *testing.T) {
	t.Helper()
	for c := range g.members {
		eventually(t, c.Status().Identity+" knows all", func() bool {
			listed := identities(c.Status().Candidates)
			for m := range g.members {
				if !slices.Contains(listed, m.Status().Identity) {
					return false
				}
			}
			return c.Status().Watching
		})
	}
}

// next waits for the next term, of whomever.
func (g *team) next(t *testing.T) {
	t.Helper()
	former := g.led
	g.leader, g.led = anyLeads(t, g.members)
	require.Greater(t, g.led.Token(), former.Token())
}

// other is a member that does not lead, and is none of these.
func (g *team) other(but map[*candidate]bool) *candidate {
	for c := range g.members {
		if c != g.leader && !but[c] {
			return c
		}
	}
	return nil
}

func (c *candidate) identity() string { return c.Status().Identity }

func identities(candidates []leaderelection.Candidate) (all []string) {
	for _, c := range candidates {
		all = append(all, c.Identity)
	}
	return all
}

// The lock says who stands by: to Status of each, and to kubectl.
func TestLockListsItsCandidates(t *testing.T) {
	begun := time.Now()
	g := newTeam(t, 5)
	annotation := getLease(t, newClient(t, plane.Get(t).Config()), g.namespace).Annotations[lock.CandidatesAnnotation]
	var written []lock.Candidate
	require.NoError(t, json.Unmarshal([]byte(annotation), &written))
	for _, list := range [][]leaderelection.Candidate{written, g.leader.Status().Candidates, g.other(nil).Status().Candidates} {
		require.ElementsMatch(t, []string{"a", "b", "c", "d", "e"}, identities(list))
		for _, c := range list {
			require.Equal(t, "pod-"+c.Identity, c.Pod)
			require.WithinRange(t, c.Since, begun.Add(-time.Second), time.Now(), "it is stored in whole seconds")
		}
	}
}

// Whoever is named is the next, and the only one that takes the lock.
func TestTransferReachesTheOneThatIsNamed(t *testing.T) {
	g := newTeam(t, 7)
	led := map[*candidate]bool{g.leader: true}
	for round := range len(g.members) - 1 {
		to := g.other(led)
		led[to] = true
		name := to.identity()
		if round%2 == 1 {
			name = "pod-" + name
		}
		before := g.leader.Status().Transitions
		former := g.led
		begun := time.Now()
		require.NoError(t, g.leader.TransferTo(t.Context(), name))
		require.ErrorIs(t, await(t, former.ended, "the term ends"), leaderelection.ErrSteppedDown)
		g.next(t)
		t.Logf("transfer to %s within %v", name, time.Since(begun))
		require.Equal(t, to.identity(), g.leader.identity())
		require.Equal(t, before+1, g.leader.Status().Transitions, "nobody held it in between")
		g.known(t)
	}
}

// Back at once, too: who is named does not hold back for a StepDown of its own.
func TestTransferBackAtOnce(t *testing.T) {
	g := newTeam(t, 4)
	for range 4 {
		to := g.other(nil)
		require.NoError(t, g.leader.TransferTo(t.Context(), to.identity()))
		g.next(t)
		require.Equal(t, to.identity(), g.leader.identity())
		g.known(t)
	}
}

func TestTransferToNobody(t *testing.T) {
	g := newTeam(t, 5)
	for _, c := range []string{"z", "pod-z", ""} {
		err := g.leader.TransferTo(t.Context(), c)
		require.ErrorIs(t, err, leaderelection.ErrNoSuchCandidate)
		_, list, _ := strings.Cut(err.Error(), " are ")
		require.ElementsMatch(t, []string{"a", "b", "c", "d", "e"}, strings.Fields(strings.Trim(list, "[]")))
	}
	require.ErrorContains(t, g.leader.TransferTo(t.Context(), g.leader.identity()), "it leads already")
	require.ErrorContains(t, g.leader.TransferTo(t.Context(), "pod-"+g.leader.identity()), "it leads already")
	require.ErrorIs(t, g.other(nil).TransferTo(t.Context(), g.leader.identity()), leaderelection.ErrNotLeader)
	require.True(t, g.led.Valid(), "all that changed nothing")
}

// One that is named and does not take the lock costs the hold-back of the
// others, RetryPeriod, and no more.
func TestTransferToACandidateThatIsDead(t *testing.T) {
	const holdBack = time.Second
	for name, dies := range map[string]func(*candidate, *proxy){
		"ended":   func(c *candidate, _ *proxy) { c.stop() },
		"cut off": func(_ *candidate, p *proxy) { p.setCut(true) },
	} {
		t.Run(name, func(t *testing.T) {
			g := newTeam(t, 4)
			cfg, p := throughProxy(t)
			dead := g.add(t, cfg, "dead", "pod-dead")
			g.known(t)
			dies(dead, p)
			former, begun := g.leader, time.Now()
			require.NoError(t, former.TransferTo(t.Context(), "pod-dead"))
			g.next(t)
			took := time.Since(begun)
			t.Logf("another leads after %v", took)
			require.GreaterOrEqual(t, took, holdBack)
			require.NotEqual(t, "dead", g.leader.identity())
			require.NotEqual(t, former.identity(), g.leader.identity(), "it holds back for twice as long")
			p.setCut(false)
		})
	}
}

// StepDown is for any other.
func TestStepDownIsForAnother(t *testing.T) {
	g := newTeam(t, 5)
	led := make(map[string]bool)
	for range 8 {
		former := g.leader
		require.NoError(t, former.StepDown(t.Context()))
		g.next(t)
		require.NotEqual(t, former.identity(), g.leader.identity())
		led[g.leader.identity()] = true
	}
	t.Logf("led: %v", led)
}

// Where there is no other, the same one leads again after it has held back.
func TestStepDownOfTheOnlyOne(t *testing.T) {
	g := newTeam(t, 1)
	begun := time.Now()
	require.NoError(t, g.leader.StepDown(t.Context()))
	g.next(t)
	require.GreaterOrEqual(t, time.Since(begun), 2*time.Second)
}

// A pod that restarts is one candidate, by its new identity.
func TestRestartedPodReplacesItsEntry(t *testing.T) {
	g := newTeam(t, 4)
	old := g.other(nil)
	pod := "pod-" + old.identity()
	old.stop()
	delete(g.members, old)
	restarted := g.add(t, plane.Get(t).Config(), old.identity()+"-again", pod)
	g.known(t)
	var inPod []string
	for _, c := range g.leader.Status().Candidates {
		if c.Pod == pod {
			inPod = append(inPod, c.Identity)
		}
	}
	require.Equal(t, []string{restarted.identity()}, inPod)
	require.ErrorIs(t, g.leader.TransferTo(t.Context(), old.identity()), leaderelection.ErrNoSuchCandidate)
	require.NoError(t, g.leader.TransferTo(t.Context(), pod))
	g.next(t)
	require.Equal(t, restarted.identity(), g.leader.identity())
}

// Of many that came and went the lock remembers the newest.
func TestListOfCandidatesIsBounded(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	g := newTeam(t, 1)
	client := newClient(t, plane.Get(t).Config())
	const guests = lock.MaxCandidates + 6
	for i := range guests {
		name := fmt.Sprintf("guest-%d", i)
		c := start(t, g.arena, newLease(t, client, g.namespace), name, func(c *leaderelection.Config) { c.Pod = "pod-" + name })
		eventually(t, "it is listed", func() bool { return slices.Contains(identities(g.leader.Status().Candidates), name) })
		c.stop()
	}
	listed := identities(g.leader.Status().Candidates)
	require.Len(t, listed, lock.MaxCandidates)
	require.Equal(t, fmt.Sprintf("guest-%d", guests-1), listed[len(listed)-1])
	require.NotContains(t, listed, "guest-0")
	require.True(t, g.led.Valid())
	require.NoError(t, g.leader.Check(nil))
}
