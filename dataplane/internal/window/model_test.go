package window_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/internal/model"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

var (
	depth = flag.Int("depth", 5, "how many moves long the sequences are of which TestEveryShortSequence tries all")
	walks = flag.Int("walks", 1000, "how many random sequences TestModel tries")
)

// tick is what a window stays open for beyond the idle timeout: so Table and
// model agree to the tick.
const tick = window.Margin

// pair is a table, and a row of the model for each of its own.
type pair struct {
	t       testing.TB
	cfg     model.Config
	table   *window.Table
	rows    []*model.Row
	now     time.Time
	crowded time.Time
	down    map[window.Index]bool
	trail   []string
}

func times(cfg model.Config) window.Times {
	return window.Times{Idle: time.Duration(cfg.Idle) * tick, Prepare: time.Duration(cfg.Prepare+1) * tick}
}

func newPair(t testing.TB, cfg model.Config, rows ...window.Index) *pair {
	p := &pair{t: t, cfg: cfg, table: window.New(rows, times(cfg)), now: time.Unix(0, 0), down: map[window.Index]bool{}}
	for _, i := range rows {
		p.rows = append(p.rows, model.New(cfg, model.Endpoint(i)))
	}
	return p
}

func (p *pair) isDown(i window.Index) bool { return p.down[i] }

// do makes a move and compares.
func (p *pair) do(name string, move func() (changed []int)) {
	p.trail = append(p.trail, name)
	before := slices.Clone(p.table.Words())
	changed := move()
	var differ []int
	for row, w := range p.table.Words() {
		if w != before[row] {
			differ = append(differ, row)
		}
	}
	p.equal(differ, changed, "rows that changed")
	p.compare()
}

func (p *pair) equal(want, got any, of string, args ...any) {
	if fmt.Sprint(want) != fmt.Sprint(got) {
		require.Fail(p.t, fmt.Sprintf(of, args...), "want %v, got %v, after %q", want, got, p.trail)
	}
}

// compare compares the rows, of which those are settled that the model has
// stable.
func (p *pair) compare() {
	var counts [3]int
	for row, m := range p.rows {
		if m.State() == model.Stable {
			p.table.Settle(row)
		}
		w := p.table.Word(row)
		counts[w.State()]++
		p.equal(m.State(), w.State(), "state of row %d", row)
		p.equal(m.Now(), w.Now(), "now of row %d", row)
		p.equal(m.Before(), w.Before(), "before of row %d", row)
	}
	stable, changing, excepted := p.table.Counts()
	p.equal(counts, [3]int{stable, changing, excepted}, "counts")
	p.equal(excepted, len(p.table.Excepted()), "excepted rows")
	p.equal(changing == 0, p.table.Next().IsZero(), "whether there is nothing to wait for")
}

func (p *pair) tick() {
	p.do("tick", func() []int {
		next := p.table.Next()
		p.now = p.now.Add(tick)
		for _, m := range p.rows {
			m.Tick()
		}
		changed := p.table.Advance(p.now, p.crowded, p.isDown)
		if next.IsZero() || p.now.Before(next) {
			p.equal([]int(nil), changed, "rows that changed before %v", next.Unix())
		}
		return changed
	})
}

func (p *pair) set(target ...window.Index) {
	p.do(fmt.Sprint("set ", target), func() []int {
		for row, i := range target {
			p.rows[row].Change(model.Endpoint(i))
		}
		changed := p.table.Set(p.now, target, p.isDown)
		changed = append(changed, p.table.Advance(p.now, p.crowded, p.isDown)...) // the model closes at once
		slices.Sort(changed)
		return slices.Compact(changed)
	})
}

func (p *pair) turn(i window.Index) {
	p.down[i] = !p.down[i]
	p.do(fmt.Sprint("down ", i, p.down[i]), func() []int {
		for _, m := range p.rows {
			m.Down(model.Endpoint(i), p.down[i])
		}
		return p.table.Advance(p.now, p.crowded, p.isDown)
	})
}

// crowd lets more connections from before show themselves than there is room for.
func (p *pair) crowd() {
	p.do("crowd", func() []int {
		for _, m := range p.rows {
			for f := range p.cfg.Room + 1 {
				m.Forward(model.Flow{Client: model.Client(100 + f)}, model.Packet{})
			}
		}
		p.crowded = p.now
		return p.table.Advance(p.now, p.crowded, p.isDown)
	})
}

func (p *pair) syn(row int, client model.Client) {
	f := model.Flow{Client: client}
	p.do(fmt.Sprint("syn ", row, f), func() []int {
		if to := p.rows[row].Forward(f, model.Packet{SYN: true}); to != model.None {
			p.rows[row].Reply(f, to, model.Packet{})
		}
		return nil
	})
}

func settings() map[string]model.Config {
	return map[string]model.Config{
		"idle is longer":   {Idle: 3, Prepare: 1, Embryonic: 1, Closing: 1, Room: 2},
		"idle is shorter":  {Idle: 1, Prepare: 3, Embryonic: 3, Closing: 1, Room: 2},
		"nothing prepared": {Idle: 2, Prepare: 0, Embryonic: 1, Closing: 1, Room: 2},
	}
}

// Whatever happens, each row is what the model says.
func TestModel(t *testing.T) {
	t.Parallel()
	for name, cfg := range settings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range *walks {
				walk(t, cfg, uint64(seed), 60)
			}
		})
	}
}

func walk(t testing.TB, cfg model.Config, seed uint64, steps int) *pair {
	dice := rand.New(rand.NewPCG(seed, 1))
	target := make([]window.Index, 1+dice.IntN(6))
	for row := range target {
		target[row] = window.Index(dice.IntN(4))
	}
	p := newPair(t, cfg, target...)
	for range steps {
		switch dice.IntN(10) {
		case 0, 1, 2, 3:
			p.tick()
		case 4:
			p.turn(window.Index(1 + dice.IntN(3)))
		case 5:
			p.crowd()
		case 6:
			p.syn(dice.IntN(len(target)), model.Client(dice.IntN(4)))
		default:
			for n := dice.IntN(len(target) + 1); n > 0; n-- {
				target[dice.IntN(len(target))] = window.Index(dice.IntN(4))
			}
			p.set(target...)
		}
	}
	return p
}

// Of one row, all that can happen in few moves is tried.
func TestEveryShortSequence(t *testing.T) {
	t.Parallel()
	moves := []func(*pair){
		(*pair).tick, (*pair).crowd,
		func(p *pair) { p.set(0) }, func(p *pair) { p.set(1) }, func(p *pair) { p.set(2) },
		func(p *pair) { p.turn(1) }, func(p *pair) { p.turn(2) },
		func(p *pair) { p.syn(0, 3) },
	}
	cfg := model.Config{Idle: 2, Prepare: 1, Embryonic: 1, Closing: 1, Room: 1}
	sequence := make([]int, *depth)
	for n := 0; ; n++ {
		p := newPair(t, cfg, 1)
		for _, m := range sequence {
			moves[m](p)
		}
		i := 0
		for ; i < len(sequence) && sequence[i] == len(moves)-1; i++ {
			sequence[i] = 0
		}
		if i == len(sequence) {
			t.Logf("%d sequences", n+1)
			return
		}
		sequence[i]++
	}
}
