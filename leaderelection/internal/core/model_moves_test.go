package core_test

import (
	"context"
	"errors"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// kind is what happens next.
type kind uint8

const (
	campaigns kind = iota // process i campaigns
	processes             // message i reaches the store
	refuses               // message i is refused
	delivers              // the answer to message i arrives
	timesOut              // the client of message i gives up
	forgets               // message i, for which nobody waits, is lost
	watches               // the next event of process i's watch arrives
	breaks                // process i's watch breaks: cleanly, or else with an error
	ticks                 // process i's timer fires
	returns               // process i's work returns
	stops                 // process i is stopped
	continues             // process i goes on
	crashes               // process i
	restarts              // process i
	renames               // process i restarts with another identity
	succeeds              // likewise, in place
	operates              // fault i happens to the lock
	stepsDown             // process i
	withdraws             // process i
	advances              // the clock
)

// move is one thing that may happen next.
type move struct {
	kind kind
	i    uint8
}

// moves lists all that may happen next, always in the same order.
func (w *world) moves(to []move) []move {
	add := func(ok bool, k kind, i int) {
		if ok {
			to = append(to, move{k, uint8(i)})
		}
	}
	may := func(f fault) bool { return w.budget[f] > 0 }
	for i, m := range w.net {
		waits := !w.orphan(m) && !w.procs[m.proc].paused
		add(!m.answered, processes, i)
		add(!m.answered && w.orphan(m), forgets, i)
		add(!m.answered && !w.orphan(m) && may(refuse), refuses, i)
		add(m.answered && waits, delivers, i)
		add(waits && w.now >= m.until, timesOut, i)
	}
	for i, p := range w.procs[:w.candidates] {
		runs := w.runs(i)
		add(w.campaignDue(i), campaigns, i)
		add(runs && len(p.queue) > 0, watches, i)
		add(runs && p.watch != 0 && may(cut), breaks, 2*i)
		add(runs && p.watch != 0 && may(cut), breaks, 2*i+1)
		add(runs && p.core.Wake() <= w.now, ticks, i)
		add(runs && p.work == cancelled, returns, i)
		add(runs && may(pause), stops, i)
		add(p.paused, continues, i)
		add(!p.down && may(crash), crashes, i)
		add(p.down && may(restart), restarts, i)
		add(p.down && may(rename), renames, i)
		add(p.down && may(inPlace), succeeds, i)
		add(runs && p.core.Phase() == core.Leading && may(stepDown), stepsDown, i)
		add(runs && p.core.Campaigning() && may(withdraw), withdraws, i)
		add(runs && !p.core.Campaigning() && !w.campaignDue(i) && may(campaign), campaigns, i)
	}
	for _, f := range []fault{deletion, emptying, edit, usurp} {
		add(w.store.exists && may(f), operates, int(f))
	}
	_, ok := w.toll()
	add(ok, advances, 0)
	return to
}

// campaignDue: a process that has just started campaigns before anything else.
func (w *world) campaignDue(i int) bool {
	p := w.procs[i]
	return w.runs(i) && !p.core.Campaigning() && p.core.Phase() == core.Idle && p.watch == 0 && p.shown == 0
}

// toll is what must be paid for a tick: everything in flight that is not slow
// arrives before the tick, or becomes slow. Not all can wait for it.
func (w *world) toll() (cost [faults]int8, ok bool) {
	for _, m := range w.net {
		if w.orphan(m) {
			continue
		}
		if w.procs[m.proc].paused {
			if !m.answered && !m.slow {
				cost[slow]++
			}
			continue
		}
		if w.now >= m.until {
			return cost, false
		}
		if !m.slow {
			cost[slow]++
		}
	}
	for i, p := range w.procs[:w.candidates] {
		if p.paused && w.now-p.since >= longestPause {
			return cost, false
		}
		if !w.runs(i) {
			continue
		}
		if p.core.Wake() <= w.now || w.campaignDue(i) {
			return cost, false
		}
		if p.work != resting && !w.overrun && w.now+1 > p.sent+drain {
			return cost, false
		}
		if len(p.queue) > 0 && !p.lagging {
			cost[lag]++
		}
	}
	for f, n := range cost {
		if n > w.budget[f] {
			return cost, false
		}
	}
	return cost, true
}

// apply returns the world after a move, and what rule that broke.
func (w *world) apply(m move) (*world, error) {
	next := *w
	next.trace = nil
	if w.trace != nil {
		next.trace = w.trace
	}
	err := next.do(m)
	return &next, err
}

func (w *world) do(m move) error {
	i := int(m.i)
	switch m.kind {
	case campaigns:
		if !w.campaignDue(i) {
			w.budget[campaign]--
		}
		gone := w.procs[i].gone
		w.edit(i).gone = nil
		return w.step(i, core.Campaign{Gone: gone})
	case processes:
		return w.process(i)
	case refuses:
		w.budget[refuse]--
		w.refuse(i)
	case delivers:
		message := w.net[i]
		w.drop(i)
		return w.hear(message.proc, message.event, message.revision)
	case timesOut:
		return w.timeOut(i)
	case forgets:
		w.log("network: loses a %s", w.net[i].write.Kind)
		w.drop(i)
	case watches:
		return w.watched(i)
	case breaks:
		w.budget[cut]--
		var err error
		if i%2 == 1 {
			err = errors.New("connection reset")
		}
		p := w.edit(i / 2)
		id := p.watch
		p.watch, p.queue, p.lagging = 0, nil, false
		return w.step(i/2, core.WatchEnded{ID: id, Err: err})
	case ticks:
		return w.step(i, core.Tick{})
	case returns:
		p := w.edit(i)
		p.work = resting
		return w.step(i, core.WorkReturned{})
	case stops:
		w.budget[pause]--
		p := w.edit(i)
		p.paused, p.since = true, w.now
		w.log("%s: SIGSTOP", p.prefix)
	case continues:
		p := w.edit(i)
		p.paused = false
		w.log("%s: SIGCONT", p.prefix)
	case crashes:
		w.budget[crash]--
		p := w.edit(i)
		w.log("%s: SIGKILL", p.prefix)
		*p = proc{identity: p.identity, starts: p.starts, prefix: p.prefix, down: true, kept: p.kept, chain: p.chain}
		w.prune()
	case restarts:
		w.budget[restart]--
		w.edit(i).boot(w.setting)
	case renames:
		w.budget[rename]--
		p := w.edit(i)
		p.identity = string(rune('n' + i))
		p.boot(w.setting)
	case succeeds:
		w.budget[inPlace]--
		p := w.edit(i)
		p.identity = string(rune('n' + i))
		p.succeed(w.setting)
	case operates:
		w.budget[i]--
		w.store.operate(fault(i), w.now)
		w.log("operator: %s", [...]string{deletion: "deletes the lock", emptying: "empties the lock", edit: "edits the lock", usurp: "another client writes itself as holder"}[i])
		w.tell(lock.Event{Snapshot: w.store.lock, Deleted: fault(i) == deletion})
	case stepsDown:
		w.budget[stepDown]--
		return w.step(i, core.StepDown{})
	case withdraws:
		w.budget[withdraw]--
		return w.step(i, core.Withdraw{Cause: core.CauseShutdown})
	case advances:
		w.advance()
		return w.overlap()
	}
	return nil
}

func (w *world) timeOut(i int) error {
	m := *w.net[i]
	var event core.Event = core.ReadReply{ID: m.id, Err: context.DeadlineExceeded}
	if m.write != nil {
		event = core.WriteReply{ID: m.id, Err: context.DeadlineExceeded}
	}
	if m.write != nil && !m.answered {
		m.gaveUp = true
		w.replace(i, &m)
		w.prune()
	} else {
		w.drop(i)
	}
	return w.step(m.proc, event)
}

// watched delivers the next event of a watch.
func (w *world) watched(i int) error {
	p := w.edit(i)
	next := p.queue[0]
	p.queue = p.queue[1:]
	id := p.watch
	if len(p.queue) == 0 {
		p.lagging = false
	}
	if next.ended {
		p.watch, p.queue = 0, nil
		return w.step(i, core.WatchEnded{ID: id, Err: next.err})
	}
	return w.hear(i, core.WatchEvent{ID: id, Event: next.event}, next.event.Snapshot.Revision())
}

// advance pays for the tick and lets the clock go on.
func (w *world) advance() {
	cost, _ := w.toll()
	for f, n := range cost {
		w.budget[f] -= n
	}
	for i, m := range w.net {
		if !m.slow && !w.orphan(m) && !(w.procs[m.proc].paused && m.answered) {
			late := *m
			late.slow = true
			w.replace(i, &late)
		}
	}
	for i, p := range w.procs[:w.candidates] {
		if w.runs(i) && len(p.queue) > 0 && !p.lagging {
			w.edit(i).lagging = true
		}
	}
	w.now++
}
