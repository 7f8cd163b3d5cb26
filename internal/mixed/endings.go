package mixed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// Terminate asks a replica to end, as a kubelet does; see Retire.
func (s *Stage) Terminate(r *Replica) error {
	if err := r.Terminate(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Retire waits for the end of a replica that was asked to.
func (s *Stage) Retire(r *Replica) error {
	err := s.fleets[r.Kind].Retire(r.Process)
	s.forget(r)
	if err != nil && !r.Kind.Stays() {
		return nil // it may have lost the lock at that moment, which is exit code 1
	}
	return err
}

// Kill kills a replica.
func (s *Stage) Kill(r *Replica) error {
	err := s.fleets[r.Kind].Kill(r.Process)
	s.forget(r)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

func (s *Stage) forget(r *Replica) {
	r.Link.Close()
	s.team = slices.DeleteFunc(s.team, func(other *Replica) bool { return other == r })
}

// Tend replaces replicas whose process has ended by itself, as a kubelet does.
func (s *Stage) Tend(ctx context.Context) error {
	ended := make(map[string]bool)
	for _, line := range s.Lines() {
		if line.Kind == replica.Ends {
			ended[line.Replica] = true
		}
	}
	for _, r := range slices.Clone(s.team) {
		if !ended[r.Name] {
			continue
		}
		if r.Kind.Stays() {
			return fmt.Errorf("%s ended, and nobody had told it to", r.Name)
		}
		if err := s.Kill(r); err != nil {
			return err
		}
		if _, err := s.Start(ctx, r.Kind); err != nil {
			return err
		}
	}
	return nil
}

// Leader waits until a replica is at work that is not in the middle of losing
// the lock, and returns it and the others.
func (s *Stage) Leader(ctx context.Context) (leader *Replica, others []*Replica, err error) {
	for {
		now := journal.Now()
		line, err := s.Await(ctx, "somebody works", func(line journal.Line) bool { return line.Kind == replica.Works && line.At > now })
		if err != nil {
			return nil, nil, err
		}
		others = slices.Clone(s.team)
		if i := slices.IndexFunc(others, func(r *Replica) bool { return r.Name == line.Replica }); i >= 0 {
			leader = others[i]
			return leader, slices.Delete(others, i, i+1), nil
		}
	}
}
