package election

import (
	"context"
	"os"
	"time"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/bench/server"
)

// rest counts requests and processor time while nothing happens: first without
// electors, then with those of each kind.
func (b *Bench) rest(ctx context.Context) error {
	b.Say("at rest: %v without electors", b.Size.Idle)
	idle, err := b.observe(ctx, b.Size.Idle)
	if err != nil {
		return err
	}
	b.results.Server = append(b.results.Server, idle)
	for _, kind := range kinds() {
		if err := b.restOf(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

// setting is some locks of as many replicas each: as many processes, each of
// which competes for all of them.
type setting struct {
	report.AtRest
	clients []*candidate.Client
	sets    []*candidate.Set
}

func (b *Bench) restOf(ctx context.Context, kind candidate.Kind) (err error) {
	var settings []*setting
	var sets []*candidate.Set
	defer func() { err = closeAfter(err, sets...) }()
	electors := 0
	for _, of := range []struct{ locks, replicas int }{
		{b.Size.FewLocks, 1}, {b.Size.FewLocks, 3}, {b.Size.FewLocks, 10}, {b.Size.ManyLocks, 3},
	} {
		s := &setting{AtRest: report.AtRest{Kind: kind, Locks: of.locks, Replicas: of.replicas, Window: b.Size.Rest.Seconds()}}
		if s.clients, err = b.clients(kind, of.replicas); err != nil {
			return err
		}
		for i := range of.locks {
			s.sets = append(s.sets, candidate.NewSet(candidate.Config{
				Timings: candidate.Default(), Namespace: namespace,
				Name: slug("rest", kind, of.locks, of.replicas, i),
			}))
		}
		sets, settings = append(sets, s.sets...), append(settings, s)
		electors += of.locks * of.replicas
	}
	b.Say("at rest: starting %d electors of %s", electors, kind)
	var leaders, others []entry
	for _, s := range settings {
		leaders = append(leaders, entries(s.clients[0], s.sets)...)
		for _, c := range s.clients[1:] {
			others = append(others, entries(c, s.sets)...)
		}
	}
	if err := join(ctx, append(leaders, others...)); err != nil {
		return err
	}
	time.Sleep(b.Size.Calm)
	b.Say("at rest: counting for %v", b.Size.Rest)
	for _, s := range settings {
		s.count(-1)
	}
	servers, err := b.observe(ctx, b.Size.Rest)
	if err != nil {
		return err
	}
	servers.Kind, servers.Electors = kind, electors
	b.results.Server = append(b.results.Server, servers)
	for _, s := range settings {
		s.count(+1)
		b.results.AtRest = append(b.results.AtRest, s.AtRest)
	}
	for _, s := range sets {
		if err := oneAtATime(kind, s); err != nil {
			return err
		}
	}
	return nil
}

// count adds what was sent until now, or takes it off.
func (s *setting) count(sign int) {
	s.Watching = 0
	for _, c := range s.clients {
		s.Watching += c.Link.Watching()
		for what, n := range c.Link.Counts() {
			switch {
			case what.Resource != "leases":
				s.Other += sign * n
			case what.Verb == "watch":
				s.Watches += sign * n
			default:
				s.Requests += sign * n
			}
		}
	}
}

// observe watches the servers for a while.
func (b *Bench) observe(ctx context.Context, window time.Duration) (report.Server, error) {
	before, err := server.CountRequests(ctx, b.admin, "leases")
	if err != nil {
		return report.Server{}, err
	}
	start, used := time.Now(), b.used()
	timer := time.NewTimer(window)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return report.Server{}, context.Cause(ctx)
	}
	took, usedThen := time.Since(start), b.used()
	after, err := server.CountRequests(ctx, b.admin, "leases")
	if err != nil {
		return report.Server{}, err
	}
	return report.Server{
		Window: took.Seconds(), Requests: after.Since(before).Total(),
		APIServer: (usedThen[0] - used[0]).Seconds(), Etcd: (usedThen[1] - used[1]).Seconds(), Clients: (usedThen[2] - used[2]).Seconds(),
	}, nil
}

// used is the processor time of kube-apiserver, etcd and this process. What
// cannot be had is 0.
func (b *Bench) used() (used [3]time.Duration) {
	for i, pid := range []int{b.Plane.APIServerPID(), b.Plane.EtcdPID(), os.Getpid()} {
		if d, err := server.CPU(pid); err == nil {
			used[i] = d
		}
	}
	return used
}
