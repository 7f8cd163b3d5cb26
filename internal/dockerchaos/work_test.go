package dockerchaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/dockerchaos"
	"github.com/regent-ha/regent/internal/journal"
)

func TestJudgeOfTheWork(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		build func(*story)
		rules []dockerchaos.Rule
		says  string
	}{
		"each once, one leader after the other": {build: func(s *story) {
			s.handles("ctrl1", 7, "pod-1", 10*ms, 20*ms)
			s.handles("ctrl1", 7, "pod-2", 15*ms, 25*ms)
			s.handles("ctrl2", 9, "pod-3", 25*ms, 30*ms)
		}},
		"two leaders at once": {func(s *story) {
			s.handles("ctrl1", 7, "pod-1", 10*ms, 20*ms)
			s.handles("ctrl2", 9, "pod-2", 15*ms, 30*ms)
		}, []dockerchaos.Rule{dockerchaos.Overlap}, "ctrl1 at pod-1 and ctrl2 at pod-2, for 5.0 ms"},
		"two leaders at once, one of which never ends": {func(s *story) {
			s.Whole = false
			s.Lines = append(s.Lines, journal.Line{At: 10 * ms, Kind: journal.Begins, Replica: "ctrl1", Token: 7, Pod: "pod-1"})
			s.handles("ctrl2", 9, "pod-2", 15*ms, 30*ms)
		}, []dockerchaos.Rule{dockerchaos.Overlap}, "ctrl1 at pod-1"},
		"tried again by the next": {build: func(s *story) {
			s.Lines = append(s.Lines,
				journal.Line{At: 10 * ms, Kind: journal.Begins, Replica: "ctrl1", Token: 7, Pod: "pod-1"},
				journal.Line{At: 14 * ms, Kind: journal.Failed, Replica: "ctrl1", Token: 7, Pod: "pod-1"})
			s.handles("ctrl2", 9, "pod-1", 15*ms, 30*ms)
		}},
		"lost": {func(s *story) { s.Written = append(s.Written, "pod-1") }, []dockerchaos.Rule{dockerchaos.Lost}, "pod-1"},
		"twice": {func(s *story) {
			s.handles("ctrl1", 7, "pod-1", 10*ms, 20*ms)
			s.handles("ctrl2", 9, "pod-1", 20*ms, 30*ms)
			s.Written = s.Written[:1]
		}, []dockerchaos.Rule{dockerchaos.Twice}, "pod-1, 2 times"},
		"handled by nobody": {func(s *story) {
			s.Written = []string{"pod-1"}
			s.Marks = []dockerchaos.Mark{{Pod: "pod-1", Token: 7}}
		}, []dockerchaos.Rule{dockerchaos.Unproven}, "no replica says that it began to"},
		"handled, and never seen": {func(s *story) {
			s.handles("ctrl1", 7, "pod-1", 10*ms, 20*ms)
			s.Marks = nil
		}, []dockerchaos.Rule{dockerchaos.Unproven}, "the API server never showed it"},
		"begun, and then silent": {func(s *story) {
			s.Lines = append(s.Lines, journal.Line{At: 10 * ms, Kind: journal.Begins, Replica: "ctrl1", Token: 7, Pod: "pod-1"})
		}, []dockerchaos.Rule{dockerchaos.Unproven}, "never said how that ended"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			s.Whole = true
			test.build(s)
			check(t, s, test.rules, test.says)
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	s := newStory()
	s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11002*ms)
	s.cut("ctrl1", 9500*ms, 13000*ms)
	s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
	s.handles("ctrl2", 9, "pod-1", 12006*ms, 12050*ms)
	table := dockerchaos.Table([]dockerchaos.Report{{
		Name: "2 replicas", Rounds: 1, History: s.History,
		Findings: []dockerchaos.Finding{{Rule: dockerchaos.Exit, What: "ctrl1"}},
	}})
	require.Regexp(t, `stopped after the deadline +1 2.0 ms 2.0 ms\n`, table)
	require.Regexp(t, `after the lease ran out +1 5.0 ms 5.0 ms\n`, table)
	require.Regexp(t, `until it has handled a change +1 45 ms 45 ms\n`, table)
	require.Regexp(t, `container ended by itself, or badly +1\n`, table)
	require.Regexp(t, `two at work at once +0\n`, table)
}
