package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/chaos/report"
	"github.com/regent-ha/regent/internal/controlplane"
)

// replica is the program that five processes run.
const replica = "github.com/regent-ha/regent/internal/chaos/replica"

// round is a run of one fleet.
type round struct {
	name string
	plan.Timings
	gate    bool
	changes int // at least
	seed    uint64
}

// rounds share the changes: most with the shortest lease that Regent accepts,
// some with a longer one, and fewer for the control.
func (o options) rounds() []round {
	short := plan.Timings{Lease: 3 * time.Second, Renew: 2 * time.Second, Retry: 500 * time.Millisecond}
	longer := plan.Timings{Lease: 5 * time.Second, Renew: 3 * time.Second, Retry: time.Second}
	few := o.changes / 10
	return []round{
		{name: "gate", Timings: short, gate: true, changes: o.changes - few, seed: o.seed},
		{name: "gate, longer lease", Timings: longer, gate: true, changes: few, seed: o.seed + 1},
		{name: "control", Timings: short, changes: max(o.changes/5, 5), seed: o.seed},
	}
}

// run plays all rounds and says what came of them.
func run(ctx context.Context, o options, out *output) (err error) {
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "regent-chaos-"); err != nil {
			return err
		}
	}
	defer func() {
		if (err == nil || ctx.Err() != nil) && !o.keep {
			err = errors.Join(err, os.RemoveAll(o.dir))
			return
		}
		out.say("the evidence is in %s", o.dir)
	}()
	out.say("seed %d; SEED=%d draws the same faults, though real time does not repeat", o.seed, o.seed)
	out.say("starting etcd and kube-apiserver, and building the replica")
	program, err := filepath.Abs(filepath.Join(o.dir, "replica"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(program)) }() // it is large, and no evidence
	built := make(chan error, 1)
	go func() { built <- build(ctx, out, program) }()
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: out})
	if err != nil {
		return errors.Join(err, <-built)
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	if err := <-built; err != nil {
		return err
	}
	var results []report.Round
	for _, r := range o.rounds() {
		if r.changes == 0 {
			continue
		}
		res, err := o.play(ctx, out, plane, program, r)
		if err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
		results = append(results, res)
	}
	return o.conclude(out, results)
}

// play plays one round and judges it.
func (o options) play(ctx context.Context, out *output, plane *controlplane.ControlPlane, program string, r round) (report.Round, error) {
	dir := filepath.Join(o.dir, strings.ReplaceAll(strings.ReplaceAll(r.name, ",", ""), " ", "-"))
	out.say("%s: %d changes at %v", r.name, r.changes, r.Timings)
	t, err := newTeam(out, plane, program, dir, r)
	if err != nil {
		return report.Round{}, err
	}
	defer t.close()
	if err := t.play(ctx); err != nil {
		if ctx.Err() != nil {
			return report.Round{}, err
		}
		t.broken("%v", err)
	}
	if err := t.finish(); err != nil {
		t.broken("at the end: %v", err)
	}
	return o.judge(out, t)
}

func build(ctx context.Context, out *output, program string) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, replica)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build: %w; mend: see that go is in $PATH, and run this in the repository", err)
	}
	return nil
}
