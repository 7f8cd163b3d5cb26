package dockerchaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/dockerchaos"
	"github.com/regent-ha/regent/internal/journal"
)

const ms = time.Millisecond

// story builds a history of two replicas, with a lease of 3 s, a renew deadline
// of 2 s and a retry period of 500 ms.
type story struct{ dockerchaos.History }

func newStory() *story {
	return &story{dockerchaos.History{
		Timings: dockerchaos.Short(), Replicas: []string{"ctrl1", "ctrl2"}, Now: time.Hour,
	}}
}

func (s *story) says(kind journal.Kind, replica string, token uint64, at time.Duration) {
	s.Lines = append(s.Lines, journal.Line{At: at, Kind: kind, Replica: replica, Token: token})
}

// leads is a term that is renewed for the last time at renewed, and at its end
// is told to stop at cancelled; 0: it goes on.
func (s *story) leads(replica string, token uint64, from, renewed, cancelled time.Duration) {
	s.Renewals = append(s.Renewals, dockerchaos.Renewal{Replica: replica, Token: token, Sent: renewed, Seen: renewed + ms})
	s.says(journal.Leads, replica, token, from)
	if cancelled != 0 {
		s.says(journal.Cancelled, replica, token, cancelled)
		s.says(journal.Drained, replica, token, cancelled+ms)
	}
}

// cut disconnects a replica and connects it again; 0: it does not.
func (s *story) cut(replica string, off, back time.Duration) {
	c := dockerchaos.Cut{Replica: replica, Off: dockerchaos.Span{Begin: off, End: off + ms}}
	if back != 0 {
		c.Back = dockerchaos.Span{Begin: back - ms, End: back}
	}
	s.Cuts = append(s.Cuts, c)
}

// handles is one change, from its beginning to its end.
func (s *story) handles(replica string, token uint64, pod string, begin, end time.Duration) {
	s.Written = append(s.Written, pod)
	s.Marks = append(s.Marks, dockerchaos.Mark{Pod: pod, Token: token, Seen: end})
	for kind, at := range map[journal.Kind]time.Duration{journal.Begins: begin, journal.Handled: end} {
		s.Lines = append(s.Lines, journal.Line{At: at, Kind: kind, Replica: replica, Token: token, Pod: pod})
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		build func(*story)
		rules []dockerchaos.Rule
		says  string
	}{
		"nothing happened": {build: func(*story) {}},
		"cut off, succeeded, back": {build: func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 13000*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}},
		"two at work, one of which says nothing of its end": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 0)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Overlap}, "ctrl1 with token 7 and ctrl2 with token 9"},
		"two at work for a moment": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 12010*ms)
			s.cut("ctrl1", 9500*ms, 13000*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Overlap, dockerchaos.Overtime}, "for 6.0 ms"},
		"worked on beyond the deadline": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11300*ms)
			s.cut("ctrl1", 9500*ms, 13000*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Overtime}, "ctrl1 with token 7, for 300 ms"},
		"a renewal that arrived after the end extends nothing": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11400*ms)
			s.Renewals = append(s.Renewals, dockerchaos.Renewal{Replica: "ctrl1", Token: 7, Sent: 10900 * ms, Seen: 11500 * ms})
			s.cut("ctrl1", 9500*ms, 11500*ms)
			s.leads("ctrl2", 9, 14505*ms, 14505*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Overtime}, "ctrl1 with token 7, for 400 ms"},
		"taken over early": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 13000*ms)
			s.leads("ctrl2", 9, 11995*ms, 11995*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Early}, "by 5.0 ms"},
		"taken over early, after a renewal that came too late for the term": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.Renewals = append(s.Renewals, dockerchaos.Renewal{Replica: "ctrl1", Token: 7, Sent: 11000 * ms, Seen: 11010 * ms})
			s.cut("ctrl1", 9500*ms, 10900*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Early}, "by 2.00 s"},
		"released, and taken at once": {build: func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 11100*ms)
			s.says(journal.Released, "ctrl1", 7, 11200*ms)
			s.leads("ctrl2", 9, 11205*ms, 11205*ms, 0)
		}},
		"a token that does not rise": {func(s *story) {
			s.leads("ctrl1", 9, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 13000*ms)
			s.leads("ctrl2", 7, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Fallen}, "ctrl2 with token 7 after ctrl1 with token 9"},
		"lost without a cut": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Needless}, "ctrl1 with token 7"},
		"lost, and was back in time for an attempt": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 10200*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Needless}, "ctrl1 with token 7"},
		"lost, and the API server was slow": {build: func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.Asked = []dockerchaos.Span{{Begin: 9900 * ms, End: 10800 * ms}}
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}},
		"lost, and the API server was slow at another time": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.Asked = []dockerchaos.Span{{Begin: 7900 * ms, End: 8800 * ms}, {Begin: 9900 * ms, End: 10100 * ms}}
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Needless}, "ctrl1 with token 7"},
		"lost, back too late for another attempt": {build: func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 10800*ms)
			s.leads("ctrl2", 9, 12005*ms, 12005*ms, 0)
		}},
		"taken over late": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 0)
			s.leads("ctrl2", 9, 13100*ms, 13100*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Leaderless}, "ctrl2 could have led, ctrl2 with token 9 did, 100 ms too late"},
		"not taken over at all": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Leaderless}, "nobody did"},
		"all cut off: nobody has to lead": {build: func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 0)
			s.cut("ctrl2", 9600*ms, 0)
		}},
		"all cut off, one is back and has time to find its way": {build: func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 0)
			s.cut("ctrl2", 9600*ms, 20000*ms)
			s.leads("ctrl2", 9, 24900*ms, 24900*ms, 0)
		}},
		"all cut off, one is back and takes too long": {func(s *story) {
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 11000*ms)
			s.cut("ctrl1", 9500*ms, 0)
			s.cut("ctrl2", 9600*ms, 20000*ms)
			s.leads("ctrl2", 9, 25100*ms, 25100*ms, 0)
		}, []dockerchaos.Rule{dockerchaos.Leaderless}, "100 ms too late"},
		"told to end: that is no loss": {build: func(s *story) {
			s.Ending = 9500 * ms
			s.leads("ctrl1", 7, 1000*ms, 9000*ms, 9600*ms)
			s.says(journal.Released, "ctrl1", 7, 9610*ms)
			s.leads("ctrl2", 9, 9615*ms, 9615*ms, 9700*ms)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory()
			test.build(s)
			check(t, s, test.rules, test.says)
		})
	}
}

func check(t *testing.T, s *story, want []dockerchaos.Rule, says string) {
	t.Helper()
	var rules []dockerchaos.Rule
	text := ""
	for _, f := range s.Judge() {
		rules = append(rules, f.Rule)
		text += f.String() + "\n"
	}
	require.ElementsMatch(t, want, rules, text)
	require.Contains(t, text, says)
}
