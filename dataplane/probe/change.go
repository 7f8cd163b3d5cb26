package probe

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// TargetChange is a verdict that changed.
type TargetChange struct {
	Group    string
	Endpoint netip.AddrPort
	// From and To are the states before and now, since At.
	From, To State
	At       time.Time
	// Reason is the last check's error if it is Down.
	Reason error
	// Released: its checks were good before, but it was held.
	Released bool
}

// GroupChange is a group of which all targets went down, or no longer are.
type GroupChange struct {
	Group string
	// AllDown: no target serves.
	AllDown bool
	// Targets is how many the group has: 0 if the last was taken away.
	Targets int
	At      time.Time
}

// news is what there is to tell, in order.
type news struct {
	target *TargetChange
	group  *GroupChange
}

// tell tells all news until done is closed and there are no more.
func (p *Prober) tell(done <-chan struct{}) {
	for last := false; ; {
		p.mu.Lock()
		all := p.news
		p.news = nil
		p.mu.Unlock()
		for _, n := range all {
			p.tellOne(n)
		}
		if last {
			return
		}
		select {
		case <-p.wake:
		case <-done:
			last = true
		}
	}
}

func (p *Prober) tellOne(n news) {
	if c := n.target; c != nil {
		level, log := slog.LevelInfo, p.cfg.Logger.With("group", c.Group, "endpoint", c.Endpoint.String())
		if c.To == Down {
			level, log = slog.LevelWarn, log.With("reason", c.Reason)
		}
		log.Log(context.Background(), level, "endpoint is "+c.To.String(), "from", c.From.String(), "released", c.Released)
		p.cfg.OnTarget(*c)
		return
	}
	if n.group.AllDown {
		p.cfg.Logger.Error("all endpoints are down", "group", n.group.Group, "targets", n.group.Targets)
	} else {
		p.cfg.Logger.Info("no longer are all endpoints down", "group", n.group.Group, "targets", n.group.Targets)
	}
	p.cfg.OnGroup(*n.group)
}

// report adds news. p.mu is held.
func (p *Prober) report(n news) {
	p.news = append(p.news, n)
	select {
	case p.wake <- struct{}{}:
	default: // it is awake
	}
}
