package xdp_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// endpointChange is one of all services' endpoints, by index: those named get new
// connections afterwards, the others none.
type endpointChange struct {
	name string
	// weights by index; -1 = the endpoint is not named, -2 = it is down.
	weights []int
}

const (
	absent = -1
	down   = -2
)

func endpointChanges() []endpointChange {
	return []endpointChange{
		{"another weight", []int{5, 1, 1, absent}},
		{"drain", []int{5, 0, 1, absent}},
		{"return", []int{1, 1, 1, absent}},
		{"down", []int{1, 1, down, absent}},
		{"up again", []int{1, 1, 1, absent}},
		{"join", []int{1, 1, 1, 1}},
		{"remove", []int{absent, 1, 1, 1}},
		{"swap", []int{1, absent, 1, 1}},
		{"only one", []int{0, 0, 0, 1}},
		{"all others", []int{1, 1, 1, down}},
	}
}

// config is what the change makes of the services.
func (c endpointChange) config(b *bed, idle time.Duration) dataplane.Config {
	cfg := b.config()
	for i := range cfg.Services {
		s := &cfg.Services[i]
		var endpoints []dataplane.Endpoint
		for j, w := range c.weights {
			e := s.Endpoints[j]
			switch w {
			case absent:
				continue
			case down:
				e.Down = true
			default:
				e.Weight = w
			}
			endpoints = append(endpoints, e)
		}
		s.Endpoints = endpoints
		s.IdleTimeout = idle
	}
	return cfg
}

// Endpoints join, drain, die, return, change weight and go, under load of every
// kind: no connection is moved or broken, no request lost, and new connections go
// where they should as soon as Apply returns. Only UDP flows leave an endpoint that
// is down. Once with windows that stay open all
// the time, once with each closed before the next change.
func TestChangesUnderLoad(t *testing.T) {
	for name, c := range map[string]struct {
		idle    time.Duration
		settles bool
	}{
		"windows stay open": {idle: time.Minute},
		"windows close":     {idle: 3 * time.Second, settles: true},
	} {
		t.Run(name, func(t *testing.T) {
			if c.settles && testing.Short() {
				t.Skip("takes a minute")
			}
			b := newBed(t, netlab.SiteConfig{Endpoints: 4}, xdp.Config{})
			b.serve(traffic.Server{})
			b.apply(endpointChange{weights: []int{1, 1, 1, absent}}.config(b, c.idle))
			var ends []func()
			for _, f := range netlab.Families() {
				for _, mode := range modes() {
					ends = append(ends, b.start(traffic.Plan{
						Dial: b.Client.Dial, To: vip(f, mode), ToUDP: vip(f, mode),
						Short: 25, Bulk: 1, Slow: 8, Idle: 8, IdlePause: 300 * time.Millisecond, HalfClosed: 4, UDP: 8,
					}))
				}
				ends = append(ends, b.start(traffic.Plan{
					Dial: b.Local.Dial, To: vip(f, dataplane.DNAT), ToUDP: vip(f, dataplane.DNAT), Short: 5, Slow: 4, UDP: 4,
				}))
			}
			begun := b.eventually("all have begun", func(tally traffic.Tally) bool { return tally.Began["a"] > 50 && tally.Began["c"] > 50 })
			for _, change := range endpointChanges() {
				began := time.Now()
				b.apply(change.config(b, c.idle))
				took := time.Since(began)
				for i, w := range change.weights {
					if w == down {
						b.fallen = append(b.fallen, fall{nameOf(i), began, time.Now().Add(time.Second)})
					}
				}
				b.sharedAs(change)
				b.nothingWrong()
				if c.settles {
					b.settled(change.name)
				}
				tally := b.load.Tally()
				t.Logf("%s: applied in %v; open: %v", change.name, took.Round(time.Millisecond), tally.Open)
				require.Equal(t, begun.Retried, tally.Retried, "first SYNs were lost\n%s", b.describe())
			}
			for _, end := range ends {
				end()
			}
			b.nothingWrong()
			if c.settles {
				b.stable()
			}
		})
	}
}

// sharedAs finds that new connections go to whom the change names, and to nobody
// else.
func (b *bed) sharedAs(c endpointChange) {
	b.t.Helper()
	total := func(tally traffic.Tally) (n int) {
		for i := range b.Endpoints {
			n += tally.Began[nameOf(i)]
		}
		return n
	}
	// What was begun before the change may be told of after it.
	applied := total(b.load.Tally())
	before := b.eventually("connections", func(tally traffic.Tally) bool { return total(tally) > applied+30 })
	after := b.eventually("connections", func(tally traffic.Tally) bool { return total(tally) > total(before)+100 })
	for i, w := range c.weights {
		n := after.Began[nameOf(i)] - before.Began[nameOf(i)]
		if w > 0 {
			require.NotZero(b.t, n, "%s: %s gets no connections\n%s", c.name, nameOf(i), b.describe())
		} else {
			require.Zero(b.t, n, "%s: %s gets connections\n%s", c.name, nameOf(i), b.describe())
		}
	}
}

// settled waits until no window is open.
func (b *bed) settled(what string) {
	b.t.Helper()
	var status dataplane.Status
	if !poll(20*time.Second, func() bool {
		var err error
		status, err = b.forwarder.Status()
		if err != nil {
			return false
		}
		for _, s := range status.Services {
			if s.Changing > 0 {
				return false
			}
		}
		return true
	}) {
		require.Fail(b.t, "windows stay open", "%s\n%s", what, rows(status))
	}
}

// stable waits until nothing is remembered: all connections have ended.
func (b *bed) stable() {
	b.t.Helper()
	var status dataplane.Status
	if !poll(40*time.Second, func() bool {
		var err error
		status, err = b.forwarder.Status()
		if err != nil {
			return false
		}
		for _, s := range status.Services {
			if s.Changing+s.Excepted > 0 {
				return false
			}
		}
		for _, t := range status.Flows {
			if t.Used > 0 {
				return false
			}
		}
		return true
	}) {
		require.Fail(b.t, "something is remembered", "%s", rows(status))
	}
}

// rows are those of all services, and what is remembered.
func rows(status dataplane.Status) (text string) {
	for _, s := range status.Services {
		text += fmt.Sprintf("  %v: %d rows, %d changing, %d excepted\n", s.Service, s.Rows, s.Changing, s.Excepted)
	}
	for _, t := range status.Flows {
		text += fmt.Sprintf("  %s: %d of %d\n", t.Name, t.Used, t.Room)
	}
	return text
}
