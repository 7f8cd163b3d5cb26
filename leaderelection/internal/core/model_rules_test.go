package core_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/regent-ha/regent/leaderelection/internal/core"
	"github.com/regent-ha/regent/lock"
)

// mostActions is how much one step may ask for.
const mostActions = 8

// hear gives process i an event that tells of a revision.
func (w *world) hear(i int, event core.Event, revision uint64) error {
	snapshot, told := lock.Snapshot{}, false
	switch e := event.(type) {
	case core.WatchEvent:
		snapshot, told = e.Event.Snapshot, true
		if e.Event.Deleted {
			snapshot.Record = lock.Record{}
		}
	case core.ReadReply:
		snapshot, told = e.Snapshot, e.Err == nil
	case core.WriteReply:
		snapshot, told = e.Snapshot, e.Err == nil
	}
	p := w.edit(i)
	if read, ok := event.(core.ReadReply); ok && errors.Is(read.Err, lock.ErrNotFound) {
		p.heard = max(p.heard, revision) // an answer that is older is no news any more
	}
	lost := told && revision > p.shown && !w.ownRecord(p, snapshot.Record)
	if told && revision > p.heard && snapshot.Holder != "" && !w.ownRecord(p, snapshot.Record) {
		p.told = max(p.told, snapshot.Token)
	}
	if told {
		p.shown, p.heard = max(p.shown, revision), max(p.heard, revision)
	}
	if err := w.step(i, event); err != nil {
		return err
	}
	if lost && w.procs[i].live { // I6
		return fmt.Errorf("%s leads on although it was told that the lock is not its own", p.prefix)
	}
	return nil
}

// ownRecord: the process wrote it. What a hand did to it beyond the holder is
// mended, and does not count.
func (w *world) ownRecord(p *proc, r lock.Record) bool {
	return r.Holder == p.identity && strings.HasPrefix(r.Nonce, p.prefix+"-")
}

// step gives process i an event, checks the answer and does what it says.
func (w *world) step(i int, event core.Event) error {
	p := w.edit(i)
	p.core = p.core.Clone()
	before := p.core.Phase()
	actions := p.core.Step(w.now, event)
	if w.trace != nil {
		w.log("%s: %s: %s → %s, wake %s", p.prefix, describe(event), before, p.core.Phase(), clock(p.core.Wake()))
	}
	if len(actions) > mostActions {
		return fmt.Errorf("%s: %d actions in one step", p.prefix, len(actions))
	}
	for _, a := range actions {
		if w.trace != nil {
			w.log("      %s", describe(a))
		}
		if err := w.act(i, p, a); err != nil {
			return fmt.Errorf("%s: %w", p.prefix, err)
		}
	}
	if wake := p.core.Wake(); wake <= w.now {
		return fmt.Errorf("%s would run hot: wake at %s", p.prefix, clock(wake))
	}
	if p.core.Phase() == core.Leading != p.live {
		return fmt.Errorf("%s: the phase is %s, the term says live = %v", p.prefix, p.core.Phase(), p.live)
	}
	return w.overlap()
}

func (w *world) act(i int, p *proc, action core.Action) error {
	switch a := action.(type) {
	case core.Read:
		w.send(&message{proc: i, start: p.starts, prefix: p.prefix, id: a.ID, sent: w.now, until: a.Deadline})
		return ifNot(a.Deadline > w.now, "a read has no time")
	case core.Write:
		if a.Kind == core.WriteAcquire {
			p.knew = p.told
		}
		w.send(&message{proc: i, start: p.starts, prefix: p.prefix, id: a.ID, write: &a, sent: w.now, until: a.Deadline})
		return errors.Join(ifNot(a.Deadline > w.now, "a write has no time"), w.mayWrite(p, a))
	case core.Watch:
		w.startWatch(p, a)
	case core.Unwatch:
		p.watch, p.queue, p.lagging = 0, nil, false
	case core.StartTerm:
		err := errors.Join(
			ifNot(p.work == resting, "a term starts while work runs"),
			ifNot(a.Token == p.acquired, "a term with token %d starts, the lock got %d", a.Token, p.acquired),
			ifNot(a.Token == w.token || w.store.deleted >= p.committed, "a term with token %d starts after one with %d", a.Token, w.token),
			ifNot(a.Sent <= p.committed, "S = %s is later than the write of %s that was committed", clock(a.Sent), clock(p.committed)),
			ifNot(w.now < a.Sent+renew, "a term starts when it is over"))
		p.work, p.live, p.token, p.sent = running, true, a.Token, a.Sent
		return err
	case core.ExtendTerm:
		err := errors.Join(
			ifNot(p.work != resting, "a term is extended that is over"),
			ifNot(a.Sent <= p.committed, "S = %s is later than the write of %s that was committed", clock(a.Sent), clock(p.committed)),
			ifNot(a.Sent > p.sent, "S goes back"))
		p.sent = max(p.sent, a.Sent)
		return err
	case core.EndTerm:
		err := ifNot(p.work != resting, "a term ends that is over")
		p.live = false
		p.work = cancelled
		return err
	case core.Keep:
		p.kept = a.Claims
		own := a.Claims[len(a.Claims)-1]
		return ifNot(own.Nonce == p.prefix && own.Identity == p.identity, "a claim of another's")
	case core.Finished:
		w.hangUp(i)
		p.heard, p.told = 0, 0 // it remembers nothing
		return errors.Join(
			ifNot(p.core.Phase() == core.Idle && !p.core.Campaigning(), "finished, and %s", p.core.Phase()),
			ifNot(p.work == resting, "finished while work runs"))
	}
	return nil
}

// mayWrite checks what a process sends, against the truth.
func (w *world) mayWrite(p *proc, a core.Write) error {
	own := a.Old != nil && strings.HasPrefix(a.Old.Nonce, p.prefix+"-") && a.Old.Holder == p.identity
	switch a.Kind {
	case core.WriteRelease: // I2
		return errors.Join(ifNot(p.work == resting, "a release while work runs"), ifNot(own, "a release of another's record"))
	case core.WriteRenew:
		return errors.Join(ifNot(p.work != resting, "a renewal without work"), ifNot(own, "a renewal of another's record"))
	case core.WriteInsert:
		return ifNot(a.Old == nil && p.work == resting, "an insert over a record, or while work runs")
	case core.WriteAcquire:
		s := w.store
		if a.Old == nil || p.work != resting {
			return errors.New("an acquire over nothing, or while work runs")
		}
		if own || !s.exists || a.Old.Version != s.lock.Version || a.Old.Holder == "" {
			return nil // it cannot be committed, or nobody is named
		}
		if slices.Contains(p.chain, s.writer) && s.lock.Sealed {
			return nil // R3
		}
		wait := s.lock.Duration
		if !s.lock.Sealed {
			wait += grace
		}
		return ifNot(w.now >= s.changed+wait, "takes %q at %s, %s too early", s.lock.Holder, clock(w.now), s.changed+wait-w.now) // I4
	}
	return nil
}

// committed checks a write that the store has just made.
func (w *world) committed(m *message, before store) error {
	p, r := w.procs[m.proc], m.write.Record
	switch m.write.Kind {
	case core.WriteAcquire, core.WriteRenew:
		old := w.token
		w.token = max(old, r.Token)
		if !w.orphan(m) || m.gaveUp && p.starts == m.start && !p.down {
			p = w.edit(m.proc)
			p.committed = max(p.committed, m.sent)
			if m.write.Kind == core.WriteAcquire {
				p.acquired = r.Token
			}
		}
		return errors.Join( // I5
			ifNot(r.Token <= w.store.revision, "token %d is committed at revision %d", r.Token, w.store.revision),
			ifNot(r.Token > old || m.write.Kind == core.WriteRenew, "token %d does not rise over %d", r.Token, old))
	case core.WriteRelease, core.WritePublish:
		return ifNot(before.lock.Version == m.write.Old.Version, "a write over what nobody observed")
	}
	return nil
}

// overlap checks that no two lead.
func (w *world) overlap() error {
	for i := range w.procs[:w.candidates] {
		for j := range i {
			p, q := w.procs[i], w.procs[j]
			if p.token > q.token {
				p, q = q, p // the later term is q's
			}
			unseen := w.store.deleted >= p.committed && q.knew < p.token // the lock is gone that p holds, and q could not know of it
			if p.live && q.live && w.now < p.sent+renew && w.now < q.sent+renew && !(unseen && w.now < w.store.deleted+renew) {
				return fmt.Errorf("two terms: %s has token %d until %s, %s token %d until %s",
					p.prefix, p.token, clock(p.sent+renew), q.prefix, q.token, clock(q.sent+renew))
			}
			if p.work != resting && q.work != resting && !w.overrun && w.now <= p.sent+drain && w.now <= q.sent+drain &&
				!(unseen && w.now < w.store.deleted+lease) {
				return fmt.Errorf("two works: %s token %d and %s token %d", p.prefix, p.token, q.prefix, q.token)
			}
		}
	}
	return nil
}

func ifNot(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func clock(t core.Time) string {
	if t == core.Never {
		return "never"
	}
	return fmt.Sprintf("t=%d", t-origin)
}
