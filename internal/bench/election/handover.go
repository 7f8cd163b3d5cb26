package election

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
)

// ownPause bounds the random pause before each hand-over of Regent's.
const ownPause = 100 * time.Millisecond

// variantStandbys is the number of standbys that variants are measured with.
const variantStandbys = 2

// handOvers measures clean hand-overs, of all settings in turn.
func (b *Bench) handOvers(ctx context.Context) (err error) {
	rows, err := b.rows(ctx)
	defer func() { err = closeRows(err, rows) }()
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := settle(ctx, r.sets...); err != nil {
			return err
		}
	}
	bare := report.HandOver{Standbys: 1}
	floor, err := b.floor(ctx)
	if err != nil {
		return err
	}
	defer floor.Close()
	turns := b.Size.PeerRounds
	for turn := range turns {
		b.Say("hand-over: turn %d of %d", turn+1, turns)
		var rounds []func() error
		for _, r := range rows {
			for range share(r.rounds, turns, turn) {
				rounds = append(rounds, func() error { return r.play(ctx) })
			}
		}
		for range share(b.Size.Rounds, turns, turn) {
			rounds = append(rounds, func() error {
				took, err := floor.HandOver(ctx)
				bare.Cancel = append(bare.Cancel, took)
				return err
			})
		}
		rand.Shuffle(len(rounds), func(i, j int) { rounds[i], rounds[j] = rounds[j], rounds[i] })
		for _, play := range rounds {
			if err := play(); err != nil {
				return err
			}
		}
	}
	b.results.HandOver = append(b.results.HandOver, bare)
	for _, r := range rows {
		b.results.HandOver = append(b.results.HandOver, r.HandOver)
		for _, s := range r.sets {
			if err := oneAtATime(r.Kind, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// share is how many of total fall to one of several parts.
func share(total, parts, part int) int { return total*(part+1)/parts - total*part/parts }

// floor is made of clients like Regent's.
func (b *Bench) floor(ctx context.Context) (*candidate.Floor, error) {
	clients, err := b.clients(candidate.Regent, 2)
	if err != nil {
		return nil, err
	}
	return candidate.NewFloor(ctx, clients[0], clients[1], namespace, "floor")
}
