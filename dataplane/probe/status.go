package probe

import (
	"cmp"
	"net/netip"
	"slices"
	"time"
)

// Status is what a Prober knows at a moment.
type Status struct {
	// Targets are in the order of groups and addresses, Groups of names.
	Targets []TargetStatus `json:"targets"`
	Groups  []GroupStatus  `json:"groups"`
	// Late is how many checks had to wait for others, see [Config.Concurrency]:
	// while it grows, [Target.Notice] does not hold.
	Late uint64 `json:"late"`
}

// TargetStatus is what is known of a target.
type TargetStatus struct {
	Group    string         `json:"group"`
	Endpoint netip.AddrPort `json:"endpoint"`
	State    State          `json:"state"`
	// Serves: it is up, or unknown and that is enough.
	Serves bool `json:"serves"`
	// Since is when its state changed last, or when it was set.
	Since   time.Time `json:"since"`
	Changes int       `json:"changes"`
	// Held: it is down since it flaps; until HeldUntil, if its checks are good
	// until then. Penalty is that of [Damping].
	Held      bool      `json:"held"`
	HeldUntil time.Time `json:"heldUntil,omitzero"`
	Penalty   float64   `json:"penalty"`
	// LastCheck is when the last check ended, which took LastLatency. LastError
	// says what was wrong. "" = nothing.
	LastCheck   time.Time     `json:"lastCheck,omitzero"`
	LastLatency time.Duration `json:"lastLatency"`
	LastError   string        `json:"lastError,omitempty"`
}

// GroupStatus counts a group's targets.
type GroupStatus struct {
	Group string `json:"group"`
	// Up, Down and Unknown are how many are in these states.
	Up      int `json:"up"`
	Down    int `json:"down"`
	Unknown int `json:"unknown"`
	// AllDown: all are down.
	AllDown bool `json:"allDown"`
}

// Status tells what is known now.
func (p *Prober) Status() Status {
	p.mu.Lock()
	s := Status{Late: p.late.Load(), Targets: make([]TargetStatus, 0, len(p.watches)), Groups: make([]GroupStatus, 0, len(p.groups))}
	now := time.Now()
	for _, w := range p.watches {
		s.Targets = append(s.Targets, p.status(w, now))
	}
	for _, g := range p.groups {
		c := GroupStatus{Group: g.name, AllDown: g.allDown}
		for w := range g.members {
			switch w.verdict.state {
			case Up:
				c.Up++
			case Down:
				c.Down++
			default:
				c.Unknown++
			}
		}
		s.Groups = append(s.Groups, c)
	}
	p.mu.Unlock()
	slices.SortFunc(s.Targets, func(a, b TargetStatus) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), a.Endpoint.Compare(b.Endpoint))
	})
	slices.SortFunc(s.Groups, func(a, b GroupStatus) int { return cmp.Compare(a.Group, b.Group) })
	return s
}

// status is w's. p.mu is held.
func (p *Prober) status(w *watch, now time.Time) TargetStatus {
	v := w.verdict
	t := TargetStatus{
		Group: w.target.Group, Endpoint: w.target.Endpoint, State: v.state, Serves: p.serves(w),
		Since: w.since, Changes: w.changes, Held: v.held,
		LastCheck: w.lastAt, LastLatency: w.latency,
	}
	if !p.cfg.Damping.Off {
		t.Penalty = v.penalty.now(now, p.cfg.Damping)
	}
	if v.held {
		t.HeldUntil = v.penalty.at.Add(p.cfg.Damping.hold(v.penalty.value))
	}
	if w.lastErr != nil {
		t.LastError = w.lastErr.Error()
	}
	return t
}
