package main

import (
	"context"
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/journal"
)

// terminate ends a leader as a kubelet does, under load, and replaces it.
func (t *team) terminate(ctx context.Context, s *slot, former journal.Line) error {
	if err := s.process.Terminate(); err != nil {
		return err
	}
	if err := t.successor(ctx, former); err != nil {
		return err
	}
	if err := t.fleet.Retire(s.process); err != nil {
		return err
	}
	return t.launch(s)
}

// kill ends a replica without a warning, and replaces it.
func (t *team) kill(s *slot) error {
	if err := t.fleet.Kill(s.process); err != nil {
		return err
	}
	t.say(history.Entry{Kind: history.Killed, Replica: s.process.Name})
	return t.launch(s)
}

// pause stops a leader in the middle of its work until another leads, and a
// while longer, and lets it go on.
func (t *team) pause(ctx context.Context, step plan.Step, s *slot, former journal.Line) error {
	if err := t.stop(s); err != nil {
		return err
	}
	if err := t.successor(ctx, former); err != nil {
		return err
	}
	if err := wait(ctx, step.For); err != nil {
		return err
	}
	if err := t.goOn(s); err != nil {
		return err
	}
	_, err := t.fleet.Ledger.Await(ctx, former.Replica+" notices that its term is over", func(line journal.Line) bool {
		return line.Kind == journal.Cancelled && line.Token == former.Token
	})
	return err
}

// hiccup stops a replica for a while.
func (t *team) hiccup(ctx context.Context, s *slot, d time.Duration) error {
	if err := t.stop(s); err != nil {
		return err
	}
	if err := wait(ctx, d); err != nil {
		return err
	}
	return t.goOn(s)
}

func (t *team) stop(s *slot) error {
	t.say(history.Entry{Kind: history.Stopped, Replica: s.process.Name})
	return t.fleet.Pause(s.process)
}

func (t *team) goOn(s *slot) error {
	t.say(history.Entry{Kind: history.Continued, Replica: s.process.Name})
	return s.process.Resume()
}
