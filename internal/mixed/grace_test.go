package mixed_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// client-go's leader, cut off, works on until its release on cancel has timed
// out: RetryPeriod + 2·RenewDeadline after its last renewal was answered, which
// is after its lease has expired. That answer may be as late as RenewDeadline.
// What of this is longer than LeaseDuration, the foreign grace has to cover.
func TestMixedForeignGrace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	plane.Get(t)
	for name, tc := range map[string]struct {
		grace string // "": what New sets, RenewDeadline
		cut   func(*testing.T, *mixed.Stage, *mixed.Replica)
		both  outcome
	}{
		"cut, no grace":             {"1ns", cut, atOnce},
		"cut, grace of New":         {"", cut, never},
		"late answer, no grace":     {"1ns", cutAfterLateAnswer, atOnce},
		"late answer, grace of New": {"", cutAfterLateAnswer, counted},
		"late answer, grace 3R+P-L": {"6s", cutAfterLateAnswer, never}, // 5 s, and one for the machine
		"healed while it releases":  {"", cutUntilRelease, counted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			leader, err := s.Start(t.Context(), mixed.ClientGo)
			require.NoError(t, err)
			var args []string
			if tc.grace != "" {
				args = append(args, "-foreign-grace="+tc.grace)
			}
			_, err = s.Start(t.Context(), mixed.RegentLease, args...)
			require.NoError(t, err)
			tc.cut(t, s, leader)
			for what, kind := range map[string]journal.Kind{"client-go's ends": replica.Ends, "a Regent works": journal.Leads} {
				_, err = s.Await(t.Context(), what, func(line journal.Line) bool {
					return line.Kind == kind && (line.Replica == leader.Name) == (kind == replica.Ends)
				})
				require.NoError(t, err)
			}
			v := mixed.Judge(s.Lines())
			require.GreaterOrEqual(t, len(v.Spans), 2)
			t.Logf("both at work: %v", v.Overlaps)
			switch tc.both {
			case atOnce:
				assert.NotEmpty(t, v.Overlaps)
			case never:
				assert.Empty(t, v.Overlaps)
			}
		})
	}
}

// outcome says whether both are at work at once.
type outcome string

const (
	atOnce outcome = "at once"
	never  outcome = "never"
	// counted: it may be, by client-go's fault, and is no promise of Regent's.
	counted outcome = "counted"
)

func cut(_ *testing.T, _ *mixed.Stage, leader *mixed.Replica) { leader.Link.Cut() }

// cutAfterLateAnswer lets one renewal be answered 2.5 s late, which client-go
// takes for the time of that renewal.
func cutAfterLateAnswer(t *testing.T, s *mixed.Stage, leader *mixed.Replica) {
	client, err := kubernetes.NewForConfig(plane.Get(t).Config())
	require.NoError(t, err)
	renewals, err := client.CoordinationV1().Leases(s.Namespace()).Watch(t.Context(), metav1.ListOptions{})
	require.NoError(t, err)
	defer renewals.Stop()
	<-renewals.ResultChan() // the present state
	leader.Link.CutAnswers()
	<-renewals.ResultChan()
	time.Sleep(2500 * time.Millisecond)
	leader.Link.Heal()
	time.Sleep(200 * time.Millisecond) // the answer passes
	leader.Link.Cut()
}

// cutUntilRelease heals while client-go's elector, having given up, asks who
// holds the lock that it is about to release: it releases then, and stops its
// work afterwards.
func cutUntilRelease(_ *testing.T, _ *mixed.Stage, leader *mixed.Replica) {
	leader.Link.Cut()
	time.Sleep(5 * time.Second) // it gives up after 3 s to 4 s, and its release after 3 s more
	leader.Link.Heal()
}
