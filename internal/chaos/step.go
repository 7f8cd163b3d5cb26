package main

import (
	"context"
	"fmt"
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/chaos/proxy"
	"github.com/regent-ha/regent/internal/journal"
)

// step lets a fault happen to the leader, and one beside it, and mends both.
func (t *team) step(ctx context.Context, n int, s plan.Step) error {
	former, err := t.settled(ctx, s.Calm)
	if err != nil {
		return err
	}
	leader, _ := t.leader()
	if leader == nil {
		return t.step(ctx, n, s) // it has just gone
	}
	began := journal.Now()
	t.say(history.Entry{Kind: history.Begun, Replica: former.Replica, Token: former.Token, Cause: string(s.Kind)})
	mend, err := t.aside(leader, s.Aside)
	if err != nil {
		return err
	}
	if err := t.befall(ctx, s, leader, former); err != nil {
		return fmt.Errorf("%s of %s: %w", s.Kind, former.Replica, err)
	}
	if a := s.Aside; a != nil {
		if err := wait(ctx, began+a.For-journal.Now()); err != nil {
			return err
		}
	}
	if err := mend(); err != nil {
		return err
	}
	t.healed = journal.Now()
	t.say(history.Entry{Kind: history.Healed})
	t.tell(n, s, former, began)
	return nil
}

// tell says what came of a step.
func (t *team) tell(n int, s plan.Step, former journal.Line, began time.Duration) {
	what := fmt.Sprintf("%3d  %s: %s", n, former.Replica, s.Kind)
	if s.Aside != nil {
		what += fmt.Sprintf(", and a standby: %s", s.Aside.Kind)
	}
	terms := t.terms()
	if last := terms[len(terms)-1]; last.Token > former.Token {
		what += fmt.Sprintf("; %s leads with token %d after %v", last.Replica, last.Token, (last.At - began).Round(time.Millisecond))
	}
	t.out.say("%s (%d of %d changes)", what, changed(terms), t.changes)
}

// befall lets a fault happen to the leader, and waits for what comes of it.
func (t *team) befall(ctx context.Context, s plan.Step, leader *slot, former journal.Line) error {
	switch s.Kind {
	case plan.Terminate:
		return t.terminate(ctx, leader, former)
	case plan.Kill:
		if err := t.kill(leader); err != nil {
			return err
		}
		return t.successor(ctx, former)
	case plan.Pause:
		return t.pause(ctx, s, leader, former)
	case plan.Hiccup:
		return t.hiccup(ctx, leader, s.For)
	case plan.APIServer:
		return t.killAPIServer(ctx, s.For)
	case plan.Etcd:
		return t.pauseEtcd(ctx, s.For)
	case plan.Delay, plan.Reset: // it may well stay
		leader.befall(s.Kind, s.Slow)
		err := wait(ctx, s.For)
		leader.heal()
		return err
	case plan.Brink:
		leader.befall(plan.Delay, s.Slow)
		if err := wait(ctx, s.For); err != nil {
			return err
		}
		leader.befall(plan.Cut, 0)
		defer leader.heal()
		return t.successor(ctx, former)
	case plan.Held:
		if !t.gate { // which does not keep such writes from coming: a control may not fail for them
			break
		}
		leader.register.Set(proxy.Fault{Mode: proxy.Hold}, proxy.Fault{})
	}
	leader.befall(s.Kind, s.Slow)
	defer leader.heal()
	if err := t.successor(ctx, former); err != nil {
		return err
	}
	return wait(ctx, s.For)
}

// befall lets a fault happen to the network between a replica and the API
// server.
func (s *slot) befall(k plan.Kind, slow time.Duration) {
	pass, hold, drop := proxy.Fault{}, proxy.Fault{Mode: proxy.Hold}, proxy.Fault{Mode: proxy.Drop}
	switch k {
	case plan.Cut, plan.Held:
		s.api.Set(hold, hold)
	case plan.Drop:
		s.api.Set(drop, drop)
	case plan.Mute:
		s.api.Set(drop, pass)
	case plan.Deaf:
		s.api.Set(pass, drop)
	case plan.Delay:
		late := proxy.Fault{Mode: proxy.Delay, Delay: slow}
		s.api.Set(late, late)
	case plan.Reset:
		refuse := proxy.Fault{Mode: proxy.Reset}
		s.api.Set(refuse, refuse)
	}
}

// aside lets a fault happen to a standby, and returns how to mend it.
func (t *team) aside(leader *slot, a *plan.Aside) (mend func() error, err error) {
	nothing := func() error { return nil }
	if a == nil {
		return nothing, nil
	}
	s := t.slots[(leader.number+1+a.Standby%(replicas-1))%replicas]
	t.say(history.Entry{Kind: history.Aside, Replica: s.process.Name, Cause: string(a.Kind)})
	switch a.Kind {
	case plan.Kill:
		return nothing, t.kill(s)
	case plan.Hiccup:
		if err := t.stop(s); err != nil {
			return nil, err
		}
		return func() error { return t.goOn(s) }, nil
	default:
		s.befall(a.Kind, a.Slow)
		return func() error { s.heal(); return nil }, nil
	}
}
