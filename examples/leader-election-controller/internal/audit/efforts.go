package audit

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// leader is a replica in one term.
type leader struct {
	replica string
	token   uint64
}

func (l leader) String() string { return fmt.Sprintf("%s with token %d", l.replica, l.token) }

// effort is the time in which a leader worked on a change, with or without
// success.
type effort struct {
	Change
	leader
	begin, end time.Duration
}

// open is an effort whose end is not known yet.
type open struct {
	effort
	stopped time.Duration // when its replica was stopped or killed; 0: it was not
}

// efforts pairs what each replica began with how that ended. It lists what
// has no end.
func (h History) efforts() (all []effort, faults []string) {
	type key struct {
		Change
		replica string
	}
	running := make(map[key]*open)
	tokens, stopped := make(map[string]uint64), make(map[leader]bool)
	lines := slices.SortedStableFunc(slices.Values(h.Lines), func(a, b journal.Line) int { return cmp.Compare(a.At, b.At) })
	for _, line := range lines {
		k := key{Change{line.Pod, line.Change}, line.Replica}
		switch line.Kind {
		case journal.Begins:
			running[k] = &open{effort: effort{Change: k.Change, leader: leader{line.Replica, line.Token}, begin: line.At}}
			tokens[line.Replica] = line.Token
			if stopped[running[k].leader] { // it was about to begin: without an effect it is none
				running[k].stopped = line.At
			}
		case journal.Handled, journal.Outdated, journal.Refused, journal.Failed:
			if o := running[k]; o != nil {
				all = append(all, h.close(o, line.At))
				delete(running, k)
			}
		case journal.Stopped:
			stopped[leader{line.Replica, tokens[line.Replica]}] = true
			for k, o := range running {
				if k.replica == line.Replica && o.stopped == 0 {
					o.stopped = line.At
				}
			}
		}
	}
	for _, o := range running { // killed before it could say more, unless something is wrong
		e := h.close(o, never)
		if e.end == never {
			faults = append(faults, fmt.Sprintf("%s began with %s and never said how that ended", e.leader, e.Change))
			continue
		}
		all = append(all, e)
	}
	return all, faults
}

const never = time.Duration(1<<63 - 1)

// close gives an effort its end. If it had an effect that is when the effect
// was there: when the replica said so, or when the watch showed it, whichever
// was first. Each can be late: a replica that is stopped learns of its last
// write when it goes on, one that is killed never does. If it had none it
// ended when the replica said so, or was stopped.
func (h History) close(o *open, said time.Duration) effort {
	o.end = said
	seen := slices.IndexFunc(h.Applied, func(a Applied) bool {
		return a.Change == o.Change && a.Token == o.token && a.At >= o.begin
	})
	switch {
	case seen >= 0:
		o.end = min(o.end, h.Applied[seen].At)
	case o.stopped != 0:
		o.end = min(o.end, o.stopped)
	}
	return o.effort
}

// overlaps finds efforts of different leaders that share a moment.
func overlaps(efforts []effort) (faults []string) {
	slices.SortFunc(efforts, func(a, b effort) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.replica, b.replica))
	})
	for i, a := range efforts {
		for _, b := range efforts[i+1:] {
			if b.begin >= a.end {
				break // as are all that follow
			}
			if a.leader != b.leader && b.end > b.begin {
				faults = append(faults, fmt.Sprintf("%s by %s, and %s by %s: both at once for %v",
					a.Change, a.leader, b.Change, b.leader, rough(min(a.end, b.end)-b.begin)))
			}
		}
	}
	return faults
}

// rough rounds what is longer than a millisecond.
func rough(d time.Duration) time.Duration {
	if d < time.Millisecond {
		return d
	}
	return d.Round(time.Millisecond / 10)
}

// unproven finds what only one of the sources knows.
func (h History) unproven(efforts []effort) (faults []string) {
	type key struct {
		Change
		token uint64
	}
	begun, shown := make(map[key]bool), make(map[key]bool)
	for _, e := range efforts {
		begun[key{e.Change, e.token}] = true
	}
	for _, a := range h.Applied {
		k := key{a.Change, a.Token}
		shown[k] = true
		if !begun[k] {
			faults = append(faults, fmt.Sprintf("%s was handled with token %d, and no replica says that it began to", a.Change, a.Token))
		}
	}
	for _, line := range h.Lines {
		k := key{Change{line.Pod, line.Change}, line.Token}
		if line.Kind == journal.Handled && !shown[k] {
			faults = append(faults, fmt.Sprintf("%s says that it handled %s with token %d, and the API server never showed it", line.Replica, k.Change, k.token))
		}
	}
	return faults
}
