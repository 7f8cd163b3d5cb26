package audit_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/audit"
	"github.com/regent-ha/regent/internal/journal"
)

// story builds a history.
type story struct{ audit.History }

// says adds what replica, the leader of a term, says of a change.
func (s *story) says(kind journal.Kind, replica string, token uint64, number string, at time.Duration) {
	s.Lines = append(s.Lines, journal.Line{Kind: kind, Replica: replica, At: at, Token: token, Pod: "pod", Change: number})
}

// shows adds what the watch saw.
func (s *story) shows(number string, token, version uint64, seen time.Duration) {
	s.Applied = append(s.Applied, audit.Applied{Change: audit.Change{Pod: "pod", Number: number}, Token: token, Version: version, At: seen})
}

// handles adds that a leader handled a change: the writer's, its own and the
// watch's part.
func (s *story) handles(replica string, token uint64, number string, begin, end time.Duration) {
	s.Written = append(s.Written, audit.Change{Pod: "pod", Number: number})
	s.says(journal.Begins, replica, token, number, begin)
	s.says(journal.Handled, replica, token, number, end)
	s.shows(number, token, uint64(end), end+1)
}

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		build func(*story)
		want  audit.Verdict
	}{
		"nothing happened": {func(*story) {}, audit.Verdict{}},
		"two terms, one after the other": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.handles("b", 9, "2", 20, 30)
		}, audit.Verdict{}},
		"two handlers of one leader at once": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.handles("a", 7, "2", 15, 25)
		}, audit.Verdict{}},
		"two leaders at once": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.handles("b", 9, "2", 18, 30)
		}, audit.Verdict{Overlaps: []string{"change 1 of pod by a with token 7, and change 2 of pod by b with token 9: both at once for 2ns"}}},
		"two leaders at once, without tokens": {func(s *story) {
			s.handles("a", 0, "1", 10, 20)
			s.handles("b", 0, "2", 18, 30)
		}, audit.Verdict{Overlaps: []string{"change 1 of pod by a with token 0, and change 2 of pod by b with token 0: both at once for 2ns"}}},
		"two terms of one replica at once": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.handles("a", 9, "2", 18, 30)
		}, audit.Verdict{Overlaps: []string{"change 1 of pod by a with token 7, and change 2 of pod by a with token 9: both at once for 2ns"}}},
		"two leaders at once, one of them in vain": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.says(journal.Begins, "b", 9, "1", 11)
			s.says(journal.Outdated, "b", 9, "1", 21)
		}, audit.Verdict{Overlaps: []string{"change 1 of pod by a with token 7, and change 1 of pod by b with token 9: both at once for 9ns"}}},
		"a long one overlaps a later one behind a short one": {func(s *story) {
			s.handles("a", 7, "1", 10, 50)
			s.handles("a", 7, "2", 11, 12)
			s.handles("b", 9, "3", 40, 60)
		}, audit.Verdict{Overlaps: []string{"change 1 of pod by a with token 7, and change 3 of pod by b with token 9: both at once for 10ns"}}},
		"stopped after its write: the watch knows when it had effect": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.shows("1", 7, 100, 15)
			s.says(journal.Stopped, "a", 0, "", 14)
			s.handles("b", 9, "2", 500, 510)
			s.says(journal.Handled, "a", 7, "1", 900)
		}, audit.Verdict{}},
		"stopped at work, and refused": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.says(journal.Stopped, "a", 0, "", 20)
			s.handles("b", 9, "1", 50, 60)
			s.says(journal.Refused, "a", 7, "1", 99)
		}, audit.Verdict{}},
		"stopped at work, and not refused": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.says(journal.Stopped, "a", 0, "", 20)
			s.handles("b", 9, "2", 50, 60)
			s.says(journal.Handled, "a", 7, "1", 99)
			s.shows("1", 7, 100, 100)
		}, audit.Verdict{
			Overlaps: []string{"change 1 of pod by a with token 7, and change 2 of pod by b with token 9: both at once for 10ns"},
			Fallen:   []string{"change 1 of pod was written with token 7 after change 2 of pod with token 9"},
		}},
		"stopped before it began, then refused": {func(s *story) {
			s.handles("a", 7, "0", 1, 2)
			s.says(journal.Stopped, "a", 0, "", 20)
			s.handles("b", 9, "2", 50, 90)
			s.says(journal.Begins, "a", 7, "1", 60)
			s.says(journal.Refused, "a", 7, "1", 66)
		}, audit.Verdict{}},
		"stopped before it began, and not refused": {func(s *story) {
			s.handles("a", 7, "0", 1, 2)
			s.says(journal.Stopped, "a", 0, "", 20)
			s.handles("b", 9, "2", 50, 90)
			s.handles("a", 7, "1", 60, 66)
		}, audit.Verdict{
			Overlaps: []string{"change 2 of pod by b with token 9, and change 1 of pod by a with token 7: both at once for 6ns"},
		}},
		"refused too late": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.handles("b", 9, "1", 50, 60)
			s.says(journal.Refused, "a", 7, "1", 55)
		}, audit.Verdict{Overlaps: []string{"change 1 of pod by a with token 7, and change 1 of pod by b with token 9: both at once for 5ns"}}},
		"killed at work": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.says(journal.Stopped, "a", 0, "", 15)
			s.handles("b", 9, "1", 50, 60)
		}, audit.Verdict{}},
		"killed between its write and its report": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.shows("1", 7, 100, 20)
			s.says(journal.Stopped, "a", 0, "", 19)
		}, audit.Verdict{}},
		"begun, and then silent": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
		}, audit.Verdict{Unproven: []string{"a with token 7 began with change 1 of pod and never said how that ended"}}},
		"tried again": {func(s *story) {
			s.says(journal.Begins, "a", 7, "1", 10)
			s.says(journal.Failed, "a", 7, "1", 15)
			s.handles("a", 7, "1", 20, 30)
		}, audit.Verdict{}},
		"handled twice": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.handles("b", 9, "1", 30, 40)
		}, audit.Verdict{Twice: []string{"change 1 of pod was handled 2 times"}}},
		"handled twice by one leader, with one effect": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.Lines = append(s.Lines, s.Lines...)
		}, audit.Verdict{Twice: []string{"change 1 of pod was handled 2 times"}}},
		"lost": {func(s *story) {
			s.Written = append(s.Written, audit.Change{Pod: "pod", Number: "2"})
		}, audit.Verdict{Lost: []string{"change 2 of pod was never handled"}}},
		"a leader writes after the next one did": {func(s *story) {
			s.handles("b", 9, "1", 30, 40)
			s.handles("a", 7, "2", 50, 60)
		}, audit.Verdict{Fallen: []string{"change 2 of pod was written with token 7 after change 1 of pod with token 9"}}},
		"a report without effect": {func(s *story) {
			s.handles("a", 7, "1", 10, 20)
			s.Applied, s.Written = nil, nil
		}, audit.Verdict{Unproven: []string{"a says that it handled change 1 of pod with token 7, and the API server never showed it"}}},
		"an effect that nobody began": {func(s *story) {
			s.shows("1", 7, 100, 20)
		}, audit.Verdict{Unproven: []string{"change 1 of pod was handled with token 7, and no replica says that it began to"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s story
			test.build(&s)
			verdict := s.Judge()
			require.Equal(t, test.want, verdict)
			require.Len(t, verdict.Faults(), len(test.want.Overlaps)+len(test.want.Twice)+len(test.want.Lost)+len(test.want.Fallen)+len(test.want.Unproven))
		})
	}
}
