package mixed

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// Loss is how the last leader of a kind goes.
type Loss string

// Losses.
const (
	SIGTERM Loss = "SIGTERM"
	SIGKILL Loss = "SIGKILL"
	// Partition cuts its link until another works, and a second longer.
	Partition Loss = "partition"
)

// Losses are all.
func Losses() []Loss { return []Loss{SIGTERM, SIGKILL, Partition} }

// Size is how many replicas a fleet has between two steps.
const Size = 3

// Change is a change of the leader by a Loss.
type Change struct {
	Loss     Loss
	From, To Kind
	// Took is the time from the loss until another works, Idle the part of it
	// in which nobody did.
	Took, Idle time.Duration
}

func (c Change) String() string {
	return fmt.Sprintf("%-9s of %-18s -> %-18s %5.2f s, idle for %5.2f s", c.Loss, c.From, c.To, c.Took.Seconds(), c.Idle.Seconds())
}

// Roll replaces all replicas by such of another kind, one at a time as the
// rolling update of a Deployment does: first those that stand by, then the
// leader, by a loss. before starts each new one before an old one ends, as with
// maxSurge 1; else after, as with maxUnavailable 1.
func (s *Stage) Roll(ctx context.Context, to Kind, loss Loss, before bool) (Change, error) {
	for range Size - 1 {
		if err := s.replaceStandby(ctx, to, before); err != nil {
			return Change{}, err
		}
	}
	change, err := s.lose(ctx, loss)
	if err != nil {
		return change, err
	}
	for s.old(to) != nil || len(s.team) < Size {
		if err := s.replaceStandby(ctx, to, before); err != nil {
			return change, err
		}
	}
	return change, s.settle(ctx)
}

// old is a replica of another kind, or nil.
func (s *Stage) old(kind Kind) *Replica {
	if i := slices.IndexFunc(s.team, func(r *Replica) bool { return r.Kind != kind }); i >= 0 {
		return s.team[i]
	}
	return nil
}

// replaceStandby replaces one replica of another kind that does not lead, if
// there is one, or adds one to a fleet that is too small.
func (s *Stage) replaceStandby(ctx context.Context, to Kind, before bool) error {
	if err := s.Tend(ctx); err != nil {
		return err
	}
	_, others, err := s.Leader(ctx)
	if err != nil {
		return err
	}
	start := func() error {
		_, err := s.Start(ctx, to)
		return err
	}
	i := slices.IndexFunc(others, func(r *Replica) bool { return r.Kind != to })
	if i < 0 || len(s.team) < Size {
		return start()
	}
	if before {
		if err := start(); err != nil {
			return err
		}
	}
	if err := s.Terminate(others[i]); err != nil {
		return err
	}
	if err := s.Retire(others[i]); err != nil {
		return err
	}
	if !before {
		return start()
	}
	return nil
}

// lose takes the leader away. One that was cut off is in the team again
// afterwards, or the one that was started in its place.
func (s *Stage) lose(ctx context.Context, loss Loss) (Change, error) {
	if err := s.Tend(ctx); err != nil {
		return Change{}, err
	}
	leader, _, err := s.Leader(ctx)
	if err != nil {
		return Change{}, err
	}
	at := journal.Now()
	switch loss {
	case SIGTERM:
		err = s.Terminate(leader)
	case SIGKILL:
		err = s.Kill(leader)
	case Partition:
		leader.Link.Cut()
		defer leader.Link.Heal()
	}
	if err != nil {
		return Change{}, err
	}
	next, err := s.Await(ctx, "another works than "+leader.Name, func(line journal.Line) bool {
		return line.Kind == journal.Leads && line.At > at && line.Replica != leader.Name
	})
	if err != nil {
		return Change{}, err
	}
	change := Change{loss, leader.Kind, s.kindOf(next.Replica), next.At - at, next.At - s.worked(leader.Name)}
	switch loss {
	case SIGTERM:
		err = s.Retire(leader)
	case Partition:
		err = s.recover(ctx, leader)
	}
	return change, err
}

// recover heals the link of one that was cut off. It has to stay, if it is a
// Regent; else its process ends, and another is started.
func (s *Stage) recover(ctx context.Context, r *Replica) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	r.Link.Heal()
	if r.Kind.Stays() {
		return s.settle(ctx)
	}
	_, err := s.Await(ctx, r.Name+" ends", func(line journal.Line) bool { return line.Replica == r.Name && line.Kind == replica.Ends })
	if err != nil {
		return err
	}
	return s.Tend(ctx)
}

// worked is when a replica last was at work.
func (s *Stage) worked(name string) (until time.Duration) {
	for _, span := range Judge(s.Lines()).Spans {
		if span.Replica == name {
			until = span.End
		}
	}
	return until
}

func (s *Stage) kindOf(name string) Kind {
	for _, r := range s.team {
		if r.Name == name {
			return r.Kind
		}
	}
	return "one that has gone"
}

// settle lets the fleet work for a second.
func (s *Stage) settle(ctx context.Context) error {
	from := journal.Now() + time.Second
	_, err := s.Await(ctx, "somebody works on", func(line journal.Line) bool { return line.Kind == replica.Works && line.At > from })
	return err
}
