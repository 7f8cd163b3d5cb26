package ha

import (
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/ha/page"
)

// headline says in a sentence what is the case, and how calm one may be.
func headline(p *Page) (page.Badge, string) {
	overrun := slices.ContainsFunc(p.Components, func(c PageComponent) bool { return c.State == StateOverrun })
	busy := page.Badge{Tone: page.Attention, Text: "Draining"}
	if overrun {
		busy = page.Badge{Tone: page.Fault, Text: "Drain overrun"}
	}
	switch e := p.Election; {
	case e == nil:
		return plainHeadline(p, busy)
	case e.Phase == "leading":
		leads := fmt.Sprintf("This replica leads, term %d%s", e.Token, since(", for ", e.Acquired, p.Now))
		switch {
		case e.Error != "":
			return page.Badge{Tone: page.Fault, Text: "Leader, in trouble"}, leads + ", but its requests to the API server fail."
		case !p.Ready:
			return page.Badge{Tone: page.Attention, Text: "Leader, not ready"}, leads + ", and is not ready."
		}
		return page.Badge{Tone: page.Active, Text: "Leader"}, leads + "."
	case e.Phase == "draining" && p.ShuttingDown != "":
		return busy, fmt.Sprintf("This replica is shutting down; the work of term %d has not returned yet.", e.Token)
	case e.Phase == "draining":
		return busy, "This replica gives up the lead; its work has not returned yet."
	case e.Phase == "releasing":
		return page.Badge{Tone: page.Attention, Text: "Releasing"}, fmt.Sprintf("This replica releases the lock of term %d.", e.Token)
	}
	return standbyHeadline(p)
}

// plainHeadline is for a process without rivals.
func plainHeadline(p *Page, busy page.Badge) (page.Badge, string) {
	switch {
	case p.ShuttingDown != "" && p.Mode == ModeLeader:
		return busy, "This replica is shutting down; its work has not returned yet."
	case p.ShuttingDown != "":
		return page.Badge{Tone: page.Attention, Text: "Shutting down"}, "This replica is shutting down."
	case p.Mode == ModeLeader:
		leads := "This replica leads, without an election" + since(", for ", p.Started, p.Now)
		if !p.Ready {
			return page.Badge{Tone: page.Attention, Text: "Leader, not ready"}, leads + ", and is not ready."
		}
		return page.Badge{Tone: page.Active, Text: "Leader"}, leads + "."
	}
	return page.Badge{Tone: page.Attention, Text: "Starting"}, "This replica will lead, without an election, once it is ready."
}

// standbyHeadline is for a replica that neither leads nor drains.
func standbyHeadline(p *Page) (page.Badge, string) {
	badge, could := page.Badge{Tone: page.Steady, Text: "Standby"}, "this replica is ready to take over."
	switch {
	case p.ShuttingDown != "":
		badge, could = page.Badge{Tone: page.Attention, Text: "Shutting down"}, "this replica is shutting down."
	case p.Election.Error != "":
		badge, could = page.Badge{Tone: page.Fault, Text: "Could not lead"}, "this replica could not take over."
	case !p.Ready:
		badge, could = page.Badge{Tone: page.Attention, Text: "Not ready"}, "this replica is not ready to take over."
	case p.Election.Phase == "idle":
		badge, could = page.Badge{Tone: page.Attention, Text: "Starting"}, "this replica does not campaign."
	}
	calm := badge.Tone == page.Steady
	switch e := p.Election; {
	case e.Phase == "idle" && e.Holder == "":
		return badge, "Who leads is not known; " + could
	case e.Holder == "" && calm:
		return page.Badge{Tone: page.Attention, Text: "No leader"}, "Nobody leads; " + could
	case e.Holder == "":
		return badge, "Nobody leads; " + could
	case e.Holder == e.Identity && calm:
		return page.Badge{Tone: page.Attention, Text: "No leader"}, "Nobody leads: the lock still names this replica, from an earlier term."
	case e.Holder == e.Identity:
		return badge, "The lock still names this replica, from an earlier term; " + could
	case e.Error != "":
		return badge, called(e, e.Holder) + " led when the lock was seen last; " + could
	default:
		return badge, called(e, e.Holder) + " leads; " + could
	}
}

// called is how people call the candidate of that identity: by its pod, if it
// is known.
func called(e *PageElection, identity string) string {
	if e == nil {
		return short(identity)
	}
	for _, c := range e.Candidates {
		if c.Identity == identity && c.Pod != "" {
			return short(c.Pod)
		}
	}
	return short(identity)
}

// short makes a name fit into a sentence.
func short(s string) string { return page.Bound(page.Visible(s), 80) }

// since is how long it has been from t to now, and nothing if t is not known.
func since(before string, t, now time.Time) string {
	if t.IsZero() || now.IsZero() {
		return ""
	}
	return before + page.Span(now.Sub(t))
}
