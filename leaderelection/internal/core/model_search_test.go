package core_test

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
)

// result is what a search found.
type result struct {
	states, moves, depth int
	closed               bool // nothing lies beyond the depth
	fault                error
	trace                string // the shortest history that leads to the fault
	took                 time.Duration
}

// fingerprint stands for a state: of 10⁸ states two have the same one with a
// probability of about 10⁻²³.
type fingerprint [2]uint64

func (r result) String() string {
	extent := fmt.Sprintf("complete to depth %d", r.depth)
	if r.closed {
		extent = fmt.Sprintf("exhausted at depth %d", r.depth)
	}
	return fmt.Sprintf("%d states, %d moves, %s, %v", r.states, r.moves, extent, r.took.Round(time.Millisecond))
}

// lively is how many worlds there are to one that has to find a leader by
// itself.
const lively = 32

// search explores all histories of a setting, breadth first, until it has seen
// so many states; of those that lead to equal worlds, one.
func search(s *setting, states int) (r result) {
	began := time.Now()
	defer func() { r.took = time.Since(began) }()
	var encoder core.Encoder
	seen := make(map[fingerprint]struct{})
	var history past
	first := begin(s)
	seen[digest(first.encode(&encoder))] = struct{}{}
	history.add(0, move{})
	level := []node{{first, 0}}
	var moves []move
	for r.states = 1; len(level) > 0 && r.states < states; r.depth++ {
		var next []node
		for _, n := range level {
			moves = n.world.moves(moves[:0])
			r.moves += len(moves)
			for _, m := range moves {
				world, err := n.world.apply(m)
				key := fingerprint{}
				if err == nil {
					key = digest(world.encode(&encoder))
					if _, ok := seen[key]; ok {
						continue
					}
				}
				seen[key] = struct{}{}
				index := history.add(n.index, m)
				r.states++
				if err == nil && key[0]%lively == 0 {
					err = world.settles()
				}
				if err != nil {
					r.fault, r.trace = err, history.replay(s, index)
					return r
				}
				next = append(next, node{world, index})
			}
		}
		level = next
	}
	r.closed = len(level) == 0
	return r
}

// begin is where the histories of a setting start: with a leader, unless it is
// about how one is found first.
func begin(s *setting) *world {
	w := newWorld(s)
	for !s.fresh && !w.led() {
		if err := w.calmTick(); err != nil {
			panic(err)
		}
		if !w.led() {
			w.advance()
		}
	}
	if s.succeeded {
		w.succeed()
	}
	if s.late {
		last := s.candidates - 1
		w.procs[last] = &proc{identity: w.procs[last].identity, down: true}
	}
	w.budget = s.budget
	return w
}

// succeed stops the leader until another leads.
func (w *world) succeed() {
	first := slices.IndexFunc(w.procs[:w.candidates], func(p *proc) bool { return p.live })
	p := w.edit(first)
	p.paused, p.since = true, w.now
	for range 2 * lease {
		w.advance()
		if err := w.calmTick(continues); err != nil {
			panic(err)
		}
		for i, p := range w.procs[:w.candidates] {
			if i != first && p.live {
				return
			}
		}
	}
	panic("nobody succeeds a leader that is stopped")
}

// node is a world that is yet to be explored.
type node struct {
	world *world
	index uint32
}

// past remembers for each world the one before it, and the move between.
type past struct {
	parents []uint32
	moves   []move
}

func (h *past) add(parent uint32, m move) uint32 {
	h.parents, h.moves = append(h.parents, parent), append(h.moves, m)
	return uint32(len(h.moves) - 1)
}

// replay tells the history of a world, and how it fares without more faults.
func (h *past) replay(s *setting, index uint32) string {
	var path []move
	for ; index != 0; index = h.parents[index] {
		path = append(path, h.moves[index])
	}
	var b strings.Builder
	w := begin(s)
	last := core.Time(0)
	w.trace = func(format string, args ...any) {
		if w.now != last {
			last = w.now
			fmt.Fprintf(&b, "%s\n", clock(w.now))
		}
		fmt.Fprintf(&b, "  "+format+"\n", args...)
	}
	for i := len(path) - 1; i >= 0; i-- {
		next, err := w.apply(path[i])
		*w = *next
		if err != nil {
			fmt.Fprintf(&b, "violation: %v\n", err)
			return b.String()
		}
	}
	b.WriteString("from here on without faults:\n")
	if err := w.settle(); err != nil {
		fmt.Fprintf(&b, "violation: %v\n", err)
	}
	return b.String()
}

// digest is a 128-bit hash, the same in each run.
func digest(b []byte) fingerprint {
	x, y := uint64(0x9e3779b97f4a7c15), uint64(0xc2b2ae3d27d4eb4f)
	for len(b) > 0 {
		var word uint64
		n := min(8, len(b))
		for i := range n {
			word |= uint64(b[i]) << (8 * i)
		}
		b = b[n:]
		hi, lo := bits.Mul64(word^x, 0xd6e8feb86659fd93)
		x = hi ^ lo ^ bits.RotateLeft64(y, 23)
		hi, lo = bits.Mul64(word+y, 0xa0761d6478bd642f)
		y = hi ^ lo ^ bits.RotateLeft64(x, 41) + uint64(n)
	}
	hi, lo := bits.Mul64(x^0xe7037ed1a0b428db, y|1)
	return fingerprint{hi ^ lo ^ x, hi + lo ^ y}
}

func describe(v any) string {
	switch v := v.(type) {
	case core.Write:
		old := "nothing"
		if v.Old != nil {
			old = fmt.Sprintf("version %s of %q", v.Old.Version, v.Old.Holder)
		}
		return fmt.Sprintf("write %d: %s token %d over %s until %s", v.ID, v.Kind, v.Record.Token, old, clock(v.Deadline))
	case core.Read:
		return fmt.Sprintf("read %d until %s", v.ID, clock(v.Deadline))
	case core.StartTerm:
		return fmt.Sprintf("start term %d, S is %s", v.Token, clock(v.Sent))
	case core.ExtendTerm:
		return fmt.Sprintf("extend term, S is %s", clock(v.Sent))
	case core.Note:
		return fmt.Sprintf("note %d: holder %q", v.Kind, v.Holder)
	case core.ReadReply:
		return fmt.Sprintf("answer to read %d: version %s, holder %q, error %v", v.ID, v.Snapshot.Version, v.Snapshot.Holder, v.Err)
	case core.WriteReply:
		return fmt.Sprintf("answer to write %d: version %s, holder %q, error %v", v.ID, v.Snapshot.Version, v.Snapshot.Holder, v.Err)
	case core.WatchEvent:
		return fmt.Sprintf("watch %d: version %s, holder %q, deleted %v", v.ID, v.Event.Snapshot.Version, v.Event.Snapshot.Holder, v.Event.Deleted)
	}
	return strings.TrimPrefix(fmt.Sprintf("%T%+v", v, v), "core.")
}
