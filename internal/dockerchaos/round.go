package dockerchaos

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// round cuts replicas off, connects them again, waits until all is well, and
// says what came of it.
func (t *trial) round(ctx context.Context, r round) error {
	before := t.history()
	leader := ""
	if terms := before.terms(); len(terms) > 0 {
		leader = terms[len(terms)-1].Replica
	}
	var done []string
	for _, c := range r.cuts {
		who := r.pick(t.replicas, leader)
		took, err := t.cut(ctx, r, c, who)
		if err != nil {
			return err
		}
		done = append(done, fmt.Sprintf("%s for %s", strings.Join(who, "+"), short(took)))
	}
	if _, err := t.settle(ctx); err != nil {
		return err
	}
	t.say("round %2d  %-24s %s: %s", r.number, r.whom, strings.Join(done, ", "), outcome(t.history(), len(before.terms()), leader))
	return nil
}

// cut is one time without a network. It returns how long it was for the first
// that was cut off.
func (t *trial) cut(ctx context.Context, r round, c cutPlan, who []string) (time.Duration, error) {
	begin := journal.Now()
	for _, replica := range who {
		if err := t.disconnect(ctx, replica); err != nil {
			return 0, err
		}
	}
	if err := t.pass(ctx, c.hold); err != nil {
		return 0, err
	}
	back := slices.Clone(who)
	r.shuffle(back)
	for i, replica := range back {
		if i > 0 {
			if err := t.pass(ctx, c.gaps[i]); err != nil {
				return 0, err
			}
		}
		if err := t.connect(ctx, replica, c.same); err != nil {
			return 0, err
		}
	}
	return journal.Now() - begin, nil
}

func (t *trial) disconnect(ctx context.Context, replica string) error {
	cut := Cut{Replica: replica, Off: Span{Begin: journal.Now()}}
	err := t.containers[replica].disconnect(ctx, t.network)
	cut.Off.End = journal.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cuts = append(t.cuts, cut)
	return err
}

func (t *trial) connect(ctx context.Context, replica string, same bool) error {
	c := t.containers[replica]
	address := c.address
	if !same {
		address = t.network.address(t.addresses())
	}
	back := Span{Begin: journal.Now()}
	err := c.connect(ctx, t.network, address)
	back.End = journal.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.cuts {
		if t.cuts[i].Replica == replica && t.cuts[i].Back == (Span{}) {
			t.cuts[i].Back = back
		}
	}
	return err
}

// pass lets time go by.
func (t *trial) pass(ctx context.Context, d time.Duration) error {
	end := time.Now().Add(d)
	return t.until(ctx, d+time.Minute, "time has passed", func() bool { return !time.Now().Before(end) })
}

// settle waits until one replica leads and all others say, on their pages, that
// they know it and could lead; and until its journal, which docker can be slow
// to hand on, says so, too. It returns who does.
func (t *trial) settle(ctx context.Context) (leader string, err error) {
	var why error
	patience := 2*t.timings.recovery() + 5*time.Second
	err = t.until(ctx, patience, "one leads and all others stand by", func() bool {
		leader, why = t.settled(ctx)
		return why == nil
	})
	if err != nil && why != nil && ctx.Err() == nil {
		t.find(Finding{Away, fmt.Sprintf("%v after the network was whole again: %v", patience, why)})
		return "", fmt.Errorf("%w: %w", err, why)
	}
	return leader, err
}

// back is when a replica was connected again; 0: it was never cut off.
func (t *trial) back(replica string) (last time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, c := range t.cuts {
		if c.Replica == replica {
			last = c.Back.End
		}
	}
	return last
}

func (t *trial) settled(ctx context.Context) (leader string, err error) {
	lead, token := 0, uint64(0)
	for _, replica := range t.replicas {
		p, err := t.containers[replica].page(ctx, &t.pages)
		if err != nil {
			return "", err
		}
		heard, err := p.heard()
		switch {
		case err != nil:
			return "", err
		case heard < t.back(replica):
			return "", fmt.Errorf("%s has not heard of the API server since it was connected again", replica)
		case p.Error != "":
			return "", fmt.Errorf("%s: %s", replica, p.Error)
		case p.leader() == "":
			return "", fmt.Errorf("%s knows of no leader", replica)
		case leader != "" && p.leader() != leader:
			return "", fmt.Errorf("%s says that %s leads, and not %s", replica, p.leader(), leader)
		}
		leader = p.leader()
		if p.Leads {
			lead, token = lead+1, p.Token
		}
	}
	if lead != 1 {
		return "", fmt.Errorf("%d replicas say that they lead", lead)
	}
	if !slices.ContainsFunc(t.ledger.All(), func(l journal.Line) bool { return l.Kind == journal.Leads && l.Token == token }) {
		return "", fmt.Errorf("the journal of %s does not say that it leads", leader)
	}
	return leader, nil
}
