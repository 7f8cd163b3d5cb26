package election

import (
	"context"
	"fmt"
	"time"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
)

// row is one setting whose hand-overs are measured, round by round.
type row struct {
	report.HandOver
	sets   []*candidate.Set
	next   int // of sets
	pause  time.Duration
	rounds int
}

// rows starts all that is compared. Those that it returns with an error run.
func (b *Bench) rows(ctx context.Context) (rows []*row, err error) {
	add := func(kind candidate.Kind, standbys int, v report.Variant) {
		rows = append(rows, &row{HandOver: report.HandOver{Kind: kind, Standbys: standbys, Variant: v, Timings: candidate.Default().String()}})
	}
	for _, kind := range kinds() {
		for _, n := range b.Size.Standbys {
			add(kind, n, "")
		}
		if kind == candidate.Regent {
			add(kind, variantStandbys, report.LongAtRest)
			add(kind, variantStandbys, report.NoEvents)
		}
	}
	for _, r := range rows {
		if err := b.startRow(ctx, r); err != nil {
			return rows, err
		}
	}
	return rows, nil
}

func (b *Bench) startRow(ctx context.Context, r *row) error {
	locks := b.Size.HandOverLocks
	r.pause, r.rounds = ownPause, b.Size.Rounds
	if r.Kind == candidate.ClientGo {
		locks, r.pause, r.rounds = 1, b.Size.PeerPause, b.Size.PeerRounds
	}
	for i := range locks {
		s, err := b.start(ctx, r.Kind, candidate.Config{
			Timings: candidate.Default(), NoEvents: r.Variant == report.NoEvents,
			Name: slug("hand-over", r.Kind, r.Standbys, r.Variant, i),
		}, r.Standbys+1)
		if err != nil {
			return err
		}
		r.sets = append(r.sets, s)
	}
	return nil
}

func closeRows(err error, rows []*row) error {
	var sets []*candidate.Set
	for _, r := range rows {
		sets = append(sets, r.sets...)
	}
	return closeAfter(err, sets...)
}

// play is one round, of that set which rests for longest.
func (r *row) play(ctx context.Context) error {
	set := r.sets[r.next%len(r.sets)]
	r.next++
	return again(ctx, set, func() error {
		if err := candidate.Pause(ctx, r.pause); err != nil {
			return err
		}
		if r.Variant == report.LongAtRest {
			set.CloseIdle()
		}
		took, err := set.HandOver(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", r.Name(), err)
		}
		r.Cancel, r.Return = append(r.Cancel, took.FromCancel), append(r.Return, took.FromReturn)
		return nil
	})
}
