package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// handling is how long the replicas take for one change, so that there is
// always something to interrupt.
const handling = 20 * time.Millisecond

func (d *demo) scenes(ctx context.Context, group *errgroup.Group) error {
	usual := timings{15 * time.Second, 10 * time.Second, 2 * time.Second}
	d.title("1. A rolling update: SIGTERM to the leader (%s: the defaults)", usual)
	if err := d.begin(ctx, usual); err != nil {
		return err
	}
	writing, stopWriting := context.WithCancel(ctx)
	defer stopWriting()
	written := d.beside(group, func() error { return d.writer.run(writing) })
	d.say("a writer makes %d changes a second: new pods, and changes of old ones", changesPerSecond)
	enough := make(chan struct{})
	compared := d.beside(group, func() error {
		return d.peer.run(ctx, enough, d.cluster.arguments(usual))
	})
	d.say("three replicas with client-go's elector run beside it, with the same timings")
	for range d.rounds {
		if err := d.handOver(ctx); err != nil {
			return err
		}
	}

	short := timings{3 * time.Second, 2 * time.Second, 500 * time.Millisecond}
	d.title("2. Crashes and pauses (%s: shorter than you would choose,\n   so that this takes less than a minute)", short)
	if err := d.fleet.stopAll(); err != nil {
		return err
	}
	d.say("all replicas are terminated; three new ones start")
	if err := d.begin(ctx, short); err != nil {
		return err
	}
	for range d.kills {
		if err := d.kill(ctx, short); err != nil {
			return err
		}
	}
	if err := d.pause(ctx, short); err != nil {
		return err
	}

	d.title("3. The end")
	stopWriting()
	close(enough)
	if err := wait(ctx, written, compared); err != nil {
		return err
	}
	return d.end(ctx)
}

// beside runs f in the group, and returns a channel that is closed when it
// has ended.
func (d *demo) beside(group *errgroup.Group, f func() error) <-chan struct{} {
	ended := make(chan struct{})
	group.Go(func() error {
		defer close(ended)
		return f()
	})
	return ended
}

func wait(ctx context.Context, all ...<-chan struct{}) error {
	for _, c := range all {
		select {
		case <-c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// begin starts the replicas, with a lease of these timings.
func (d *demo) begin(ctx context.Context, t timings) error {
	args := append(d.cluster.arguments(t), "-listen=", "-journal", "-handling="+handling.String())
	if err := d.fleet.startAll(ctx, args...); err != nil {
		return err
	}
	leader, line, err := d.fleet.leader()
	if err != nil {
		return err
	}
	var others []string
	for _, p := range d.fleet.processes() {
		if p != leader {
			others = append(others, p.name)
		}
	}
	d.say("%s leads with token %d; %s stand by", leader.name, line.Token, strings.Join(others, " and "))
	return nil
}

// arguments are those that both programs know.
func (c *cluster) arguments(t timings) []string {
	return append(t.flags(), "-kubeconfig="+c.kubeconfig, "-namespace="+c.namespace)
}

// end waits until the last change is handled and the last replica has ended.
func (d *demo) end(ctx context.Context) error {
	written := d.writer.all()
	d.say("the writer has stopped after %s", count(len(written), "change"))
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for len(d.audit.missing(written)) > 0 && ctx.Err() == nil { // who is lost is told by the verdict
		select {
		case <-ctx.Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
	if err := d.fleet.stopAll(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	d.say("all replicas were terminated and ended with exit code 0")
	return nil
}
