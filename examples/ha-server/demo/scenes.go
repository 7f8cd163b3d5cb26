package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/clients"
	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/narrator"
)

const (
	lease, renewDeadline, retryPeriod = 5 * time.Second, 3 * time.Second, time.Second
	// shutdownDelay is the time for clients to see that /readyz says 503.
	shutdownDelay = time.Second
	// settle is for how long requests go on before and after what happens.
	settle = 1500 * time.Millisecond
)

func timingFlags() []string {
	return []string{"-lease-duration=" + lease.String(), "-renew-deadline=" + renewDeadline.String(), "-retry-period=" + retryPeriod.String()}
}

// scenes plays them one after the other.
func (d *demo) scenes(ctx context.Context) error {
	if err := d.single(ctx); err != nil {
		return err
	}
	if err := d.scale(ctx); err != nil {
		return err
	}
	loading, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { return d.load.Run(loading) })
	group.Go(func() error {
		defer stop()
		for _, scene := range []func(context.Context) error{d.crash, d.terminate, d.restart} {
			if err := scene(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return d.end(ctx)
}

// single is how the pages begin: one replica, which does everything.
func (d *demo) single(ctx context.Context) error {
	d.Title("1. One replica, the default\n   (lease %v, renew deadline %v, retry period %v: shorter than you would choose,\n   so that you need not wait long)", lease, renewDeadline, retryPeriod)
	started := journal.Now()
	pod, err := d.pods.Start(ctx)
	if err != nil {
		return err
	}
	term, err := d.observer.leads(ctx, journal.Line{})
	if err != nil {
		return err
	}
	d.Say("%s is ready and leads with token %d, %s after its start", pod.Name, term.Token, narrator.Milliseconds(max(term.At-started, 0)))
	took, err := d.provisioned(ctx, pod, "first")
	if err != nil {
		return err
	}
	d.Say("a space that it was asked for was ready %s later: its API wrote a ConfigMap, its controllers made a ServiceAccount", narrator.Milliseconds(took))
	return nil
}

// scale is "replicaCount=3".
func (d *demo) scale(ctx context.Context) error {
	d.Title("2. Scaled from one to three")
	for range fleet.Replicas - 1 {
		if _, err := d.pods.Launch(ctx); err != nil {
			return err
		}
	}
	all := d.pods.All()
	for _, pod := range all {
		if err := d.pods.Ready(ctx, pod); err != nil {
			return err
		}
	}
	if err := d.table(ctx); err != nil {
		return err
	}
	for i, pod := range all {
		// Created by one, read from the next, provisioned by the leader.
		took, err := d.provisioned(ctx, pod, fmt.Sprintf("by-%d", i))
		if err != nil {
			return err
		}
		next := all[(i+1)%len(all)]
		var s space.Space
		if err := d.load.Ask(ctx, next, http.MethodGet, fmt.Sprintf("/by-%d", i), nil, http.StatusOK, &s); err != nil {
			return err
		}
		d.Say("%s created a space, which was %s %s later; %s tells the same", pod.Name, s.Phase, narrator.Milliseconds(took), next.Name)
	}
	d.Say("%d clients' requests a second from now on, each by the next replica in turn and on a connection of its own: creates, gets, lists", clients.RequestsPerSecond)
	return nil
}

// crash is SIGKILL to the leader, as if its node had gone.
func (d *demo) crash(ctx context.Context) error {
	d.Title("3. SIGKILL to the leader")
	leader, former, err := d.leader(ctx)
	if err != nil {
		return err
	}
	before := d.processes(leader)
	if err := d.kill(leader); err != nil {
		return err
	}
	renewed, err := d.renewed(ctx, leader.Name)
	if err != nil {
		return err
	}
	expires := renewed + lease
	d.Say("SIGKILL to %s: nobody leads until its lease runs out in %s; the others serve on", leader.Name, narrator.Milliseconds(expires-journal.Now()))
	next, first, err := d.succeeds(ctx, former)
	if err != nil {
		return err
	}
	d.Say("%s leads with token %d, %s after the lease ran out; %s after it, its controllers provisioned the first space, in the same process as before (%s)",
		next.Replica, next.Token, narrator.Milliseconds(next.At-expires), narrator.Milliseconds(first.At-expires), before[next.Replica])
	d.figure("crash: lease ran out → first space handled", first.At-expires)
	return d.settled(ctx, leader, before)
}

// terminate is SIGTERM to the leader, as in a rolling update.
func (d *demo) terminate(ctx context.Context) error {
	d.Title("4. SIGTERM to the leader, as in a rolling update")
	leader, former, err := d.leader(ctx)
	if err != nil {
		return err
	}
	before := d.processes(leader)
	sent, sentAt := journal.Now(), time.Now()
	if err := leader.Process.Terminate(); err != nil {
		return err
	}
	next, first, err := d.succeeds(ctx, former)
	if err != nil {
		return err
	}
	d.Say("SIGTERM to %s: it drained its controllers and released the lock; %s leads with token %d, %s after the signal; the first space was provisioned %s after it",
		leader.Name, next.Replica, next.Token, narrator.Milliseconds(next.At-sent), narrator.Milliseconds(first.At-sent))
	d.figure("SIGTERM → first space handled by the next leader", first.At-sent)
	if err := d.pods.Retire(leader.Process); err != nil {
		return err
	}
	took := journal.Now() - sent
	left, said := d.rotation.Left(leader)
	switch {
	case !said:
		return fmt.Errorf("%s did not say on /readyz that it shuts down", leader.Name)
	case took < shutdownDelay:
		return fmt.Errorf("%s ended %s after the signal, and -shutdown-delay is %v", leader.Name, narrator.Milliseconds(took), shutdownDelay)
	}
	d.Say("%s was seen to say 503 on /readyz after %s, and no client came any more; it ended with exit code 0 after %s (-shutdown-delay=%v)",
		leader.Name, narrator.Milliseconds(left.Sub(sentAt)), narrator.Milliseconds(took), shutdownDelay)
	return d.settled(ctx, leader, before)
}

// restart is a crash of a container that its kubelet starts again.
func (d *demo) restart(ctx context.Context) error {
	d.Title("5. A crash of the leader's container, which restarts in its pod (-state-dir)")
	leader, former, err := d.leader(ctx)
	if err != nil {
		return err
	}
	before := d.processes(leader)
	if err := d.kill(leader); err != nil {
		return err
	}
	killed := journal.Now()
	renewed, err := d.renewed(ctx, leader.Name)
	if err != nil {
		return err
	}
	if err := d.pods.Restart(ctx, leader); err != nil {
		return err
	}
	next, first, err := d.succeeds(ctx, former)
	if err != nil {
		return err
	}
	if next.Replica != leader.Name || next.At > renewed+lease {
		return fmt.Errorf("%s leads after %s of %s, and not the same pod before its lease ran out", next.Replica, narrator.Milliseconds(next.At-killed), leader.Name)
	}
	d.Say("SIGKILL to %s, started again at once: it leads with token %d, %s after the crash, instead of waiting %s for its own lease; the first space was provisioned %s after the crash",
		leader.Name, next.Token, narrator.Milliseconds(next.At-killed), narrator.Milliseconds(renewed+lease-killed), narrator.Milliseconds(first.At-killed))
	d.figure("crash, restarted in its pod → first space handled", first.At-killed)
	if err := d.pods.Ready(ctx, leader); err != nil {
		return err
	}
	return d.settled(ctx, nil, before)
}

// leader lets requests go on for a while, and returns who leads.
func (d *demo) leader(ctx context.Context) (*pods.Pod, journal.Line, error) {
	if err := pass(ctx, settle); err != nil {
		return nil, journal.Line{}, err
	}
	process, elected, _, err := d.pods.Leader()
	if err != nil {
		return nil, elected, err
	}
	for _, pod := range d.pods.All() {
		if pod.Name == process.Name {
			return pod, elected, nil
		}
	}
	return nil, elected, fmt.Errorf("%s has no Pod", process.Name)
}

// succeeds waits for the next term and for the first space of it.
func (d *demo) succeeds(ctx context.Context, former journal.Line) (next, first journal.Line, err error) {
	if next, err = d.observer.leads(ctx, former); err != nil {
		return next, first, err
	}
	first, err = d.observer.first(ctx, next)
	return next, first, err
}

// kill kills a replica, whose requests in flight are lost with it.
func (d *demo) kill(pod *pods.Pod) error {
	d.rotation.Dying(pod)
	err := d.pods.Kill(pod.Process)
	d.rotation.Killed(pod)
	return err
}

// settled tells what became of the requests, finds that nobody else was
// restarted, and puts a new replica in the place of one that has gone.
func (d *demo) settled(ctx context.Context, gone *pods.Pod, before map[string]string) error {
	if err := pass(ctx, settle); err != nil {
		return err
	}
	t := d.load.Next()
	d.sum.Add(t)
	d.Say("%v", &t)
	if t.InFlight+t.Refused > 0 {
		d.Say("counted apart: %d in flight to the replica that was killed, %d refused by it before the clients took it out", t.InFlight, t.Refused)
	}
	if gone != nil {
		if err := d.pods.Delete(ctx, gone); err != nil {
			return err
		}
		if _, err := d.pods.Start(ctx); err != nil {
			return err
		}
	}
	now := d.processes(nil)
	for name, process := range before {
		if now[name] != process {
			return fmt.Errorf("%s was %s and is %s now: it was restarted", name, process, now[name])
		}
	}
	if err := d.table(ctx); err != nil {
		return err
	}
	return t.Err()
}
