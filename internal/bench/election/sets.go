package election

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/internal/bench/candidate"
)

// settle waits until each set has a leader, and all others in it stand by.
func settle(ctx context.Context, sets ...*candidate.Set) error {
	for _, s := range sets {
		if err := s.Settle(ctx); err != nil {
			return err
		}
	}
	return nil
}

// batch is how many replicas start, or end, at a time: what is measured is not
// how hundreds do so at once.
const batch = 50

// entry is a replica that is to start: in a set, in the process that client is.
type entry struct {
	set    *candidate.Set
	client *candidate.Client
}

// entries are those of one process in all sets.
func entries(client *candidate.Client, sets []*candidate.Set) (all []entry) {
	for _, s := range sets {
		all = append(all, entry{s, client})
	}
	return all
}

// join starts replicas, and waits until each leads or stands by.
func join(ctx context.Context, all []entry) error {
	for some := range slices.Chunk(all, batch) {
		for _, e := range some {
			if err := e.set.Join(e.client); err != nil {
				return err
			}
		}
		for _, e := range some {
			if err := e.set.Settle(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// closeAfter ends sets, and joins what is wrong with them to err.
func closeAfter(err error, sets ...*candidate.Set) error {
	ends := new(errgroup.Group)
	ends.SetLimit(batch)
	for _, s := range sets {
		ends.Go(s.Close)
	}
	return errors.Join(err, ends.Wait())
}

// attempts bounds how often a round is begun anew since the leader that was to
// go was lost before, on a machine that is too busy.
const attempts = 5

// again plays one round with a set that has settled.
func again(ctx context.Context, s *candidate.Set, play func() error) error {
	for n := 1; ; n++ {
		if err := s.Settle(ctx); err != nil {
			return err
		}
		if err := play(); !errors.Is(err, candidate.ErrLost) || n == attempts {
			return err
		}
	}
}

// oneAtATime makes it an error if Regent let two work at once.
func oneAtATime(kind candidate.Kind, s *candidate.Set) error {
	if n := s.Overlaps(); n > 0 && kind == candidate.Regent {
		return fmt.Errorf("REGENT BROKE A PROMISE: %s: work began %d times while another leader's went on", s, n)
	}
	return nil
}

// slug makes a name for a lock.
func slug(parts ...any) string {
	return strings.ToLower(strings.Join(strings.Fields(fmt.Sprintln(parts...)), "-"))
}
