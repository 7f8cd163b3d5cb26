package plan

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Timings are those of all replicas of a run.
type Timings struct{ Lease, Renew, Retry time.Duration }

func (t Timings) String() string { return fmt.Sprintf("%v / %v / %v", t.Lease, t.Renew, t.Retry) }

// Step is one fault of the leader, and maybe one of a standby beside it.
type Step struct {
	Kind Kind
	// Calm is how long the leader works before it.
	Calm time.Duration
	// For is how long it lasts. What goes on until there is another leader
	// (Pause, Cut, Held …) lasts so much longer.
	For time.Duration
	// Slow is how long each way takes, of the kinds that are slow.
	Slow time.Duration
	// Aside befalls a standby from the same moment on; nil: nothing does.
	Aside *Aside
}

// Aside is what befalls a standby.
type Aside struct {
	Kind    Kind
	Standby int // of those that there are, modulo their number
	For     time.Duration
	Slow    time.Duration
}

func (s Step) String() string {
	text := fmt.Sprintf("after %v: %s, %v", s.Calm, s.Kind, s.For)
	if s.Slow > 0 {
		text += fmt.Sprintf(" (%v each way)", s.Slow)
	}
	if a := s.Aside; a != nil {
		text += fmt.Sprintf("; standby %d: %s, %v", a.Standby, a.Kind, a.For)
	}
	return text
}

// Plan draws steps without end.
type Plan struct {
	timings Timings
	dice    *rand.Rand
	habits  *rand.Rand // of replicas: how many are started is not in the plan
	cards   []Kind
}

// New returns the plan of a seed for replicas with these timings.
func New(seed uint64, timings Timings) *Plan {
	return &Plan{
		timings: timings,
		dice:    rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)),
		habits:  rand.New(rand.NewPCG(seed, 0xbf58476d1ce4e5b9)),
	}
}

// Next draws a step. Each kind comes up in its share of so many steps, in an
// order that is drawn anew each time.
func (p *Plan) Next() Step {
	if len(p.cards) == 0 {
		p.cards = deck()
		p.dice.Shuffle(len(p.cards), func(i, j int) { p.cards[i], p.cards[j] = p.cards[j], p.cards[i] })
	}
	s := Step{Kind: p.cards[0], Calm: between(p.dice, 50*time.Millisecond, 500*time.Millisecond)}
	p.cards = p.cards[1:]
	s.For, s.Slow = p.lasts(s.Kind)
	if p.dice.IntN(3) == 0 {
		a := Aside{Kind: asides()[p.dice.IntN(len(asides()))], Standby: p.dice.IntN(4)}
		a.For, a.Slow = between(p.dice, 0, p.timings.Lease), p.slow()
		s.Aside = &a
	}
	return s
}

// lasts is how long a fault lasts.
func (p *Plan) lasts(k Kind) (length, slow time.Duration) {
	t := p.timings
	switch k {
	case Terminate, Kill:
		return 0, 0
	case Hiccup:
		return between(p.dice, 50*time.Millisecond, t.Lease-t.Lease/10), 0
	case Delay:
		return between(p.dice, t.Renew, t.Lease+t.Renew), p.slow()
	case Brink: // answers that are late, and still in time for the deadline
		return between(p.dice, t.Renew, 2*t.Renew), between(p.dice, t.Renew*15/100, t.Renew*22/100)
	case Reset:
		return between(p.dice, t.Renew/4, t.Lease+t.Retry), 0
	case APIServer:
		return between(p.dice, 0, t.Lease), 0
	case Etcd:
		return between(p.dice, t.Renew/2, t.Lease+t.Renew), 0
	default: // it ends when another leads and has written; this is for how much longer
		return between(p.dice, 100*time.Millisecond, t.Lease/3), 0
	}
}

func (p *Plan) slow() time.Duration { return between(p.dice, 20*time.Millisecond, p.timings.Renew/2) }

func between(dice *rand.Rand, low, high time.Duration) time.Duration {
	return (low + time.Duration(dice.Int64N(int64(high-low)))).Round(time.Millisecond)
}

// Linger is how long the work of a new replica goes on writing after it was
// told to stop: mostly a little, as work does that finishes what it is about;
// one in six overruns its lease.
func (p *Plan) Linger() time.Duration {
	t := p.timings
	harmless := t.Lease*95/100 - t.Renew
	if p.habits.IntN(6) == 0 {
		return between(p.habits, 2*harmless, 3*harmless)
	}
	return between(p.habits, 0, harmless/4)
}
