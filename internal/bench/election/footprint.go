package election

import (
	"context"
	"time"

	"github.com/regent-ha/regent/internal/bench/candidate"
	"github.com/regent-ha/regent/internal/bench/report"
)

// footprints measures what an elector takes of its process: many of them lead,
// then as many stand by, in one process with two clients.
func (b *Bench) footprints(ctx context.Context) error {
	for _, kind := range kinds() {
		b.Say("memory: %d leaders and %d standbys of %s", b.Size.Electors, b.Size.Electors, kind)
		if err := b.footprint(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

func (b *Bench) footprint(ctx context.Context, kind candidate.Kind) (err error) {
	clients, err := b.clients(kind, 2)
	if err != nil {
		return err
	}
	// The first has all in memory that electors of a process share.
	n := b.Size.Electors
	sets := make([]*candidate.Set, n+1)
	for i := range sets {
		sets[i] = candidate.NewSet(candidate.Config{
			Timings: candidate.Default(), Namespace: namespace, Name: slug("memory", kind, i),
		})
	}
	defer func() { err = closeAfter(err, sets...) }()
	for _, c := range clients {
		if err := join(ctx, []entry{{sets[0], c}}); err != nil {
			return err
		}
	}
	bare, err := b.bare(ctx, kind, n)
	if err != nil {
		return err
	}
	before := b.quiet(clients...)
	for i, role := range []string{"leader", "standby"} {
		if err := join(ctx, entries(clients[i], sets[1:])); err != nil {
			return err
		}
		after := b.quiet(clients...)
		b.results.Footprint = append(b.results.Footprint, report.Footprint{
			Kind: kind, Role: role, Electors: n, With: after.less(before).by(n), Bare: bare,
		})
		before = after
	}
	return nil
}

// bare is what an open watch takes that nobody reads. Electors of client-go's
// have none: they share one connection.
func (b *Bench) bare(ctx context.Context, kind candidate.Kind, n int) (report.Usage, error) {
	if kind == candidate.ClientGo {
		return report.Usage{}, nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // closes them
	client, err := b.client(kind)
	if err != nil {
		return report.Usage{}, err
	}
	if err := client.OpenWatch(ctx, namespace); err != nil {
		return report.Usage{}, err
	}
	before := b.quiet(client)
	for range n {
		if err := client.OpenWatch(ctx, namespace); err != nil {
			return report.Usage{}, err
		}
	}
	return b.quiet(client).less(before).by(n), nil
}

// quiet is what this process uses after a while, when idle connections are
// closed.
func (b *Bench) quiet(clients ...*candidate.Client) usage {
	time.Sleep(b.Size.Calm)
	for _, c := range clients {
		c.CloseIdle()
	}
	return current(b.Size.Calm)
}
