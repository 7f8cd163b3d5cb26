package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/chaos/register"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
)

// replicas is how many there are at a time.
const replicas = 5

// team is the replicas of a round, and what they need.
type team struct {
	round
	out   *output
	plane *controlplane.ControlPlane
	dir   string
	plan  *plan.Plan
	fleet *fleet.Fleet
	slots []*slot
	said  *history.Writer
	log   *os.File

	registers register.Server
	server    *http.Server
	address   string // of server

	unwritten  atomic.Pointer[error]    // why the history could not be written
	linger     map[string]time.Duration // by replica
	healed     time.Duration            // when the last fault was over
	missing    []time.Duration          // for how long nobody led after that
	violations []string
}

func newTeam(out *output, plane *controlplane.ControlPlane, program, dir string, r round) (t *team, err error) {
	t = &team{
		round: r, out: out, plane: plane, dir: dir, plan: plan.New(r.seed, r.Timings), linger: make(map[string]time.Duration),
	}
	defer func() {
		if err != nil {
			t.close()
		}
	}()
	if err := os.MkdirAll(t.histories(), 0o755); err != nil {
		return nil, err
	}
	if t.said, err = history.Create(t.histories(), "chaos"); err != nil {
		return nil, err
	}
	if t.log, err = os.Create(filepath.Join(dir, "replicas.log")); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	t.address = l.Addr().String()
	t.server = &http.Server{Handler: t.registers.Handler(), ReadHeaderTimeout: time.Hour} // the network may take its time
	go func() { _ = t.server.Serve(l) }()                                                 // until close
	for i := range replicas {
		s, err := newSlot(i, dir, plane.Config(), t.address)
		if err != nil {
			return nil, err
		}
		t.slots = append(t.slots, s)
	}
	t.fleet = fleet.New("replica", program, t.log)
	return t, nil
}

// histories is the directory in which processes write what they do.
func (t *team) histories() string { return filepath.Join(t.dir, "history") }

// launch starts a replica in a slot, whose network is well.
func (t *team) launch(s *slot) error {
	linger := t.plan.Linger()
	s.heal()
	s.api.ResetOpen()
	s.register.ResetOpen()
	p, err := t.fleet.Launch(
		"-kubeconfig="+s.kubeconfig, "-namespace="+namespace, "-lock="+t.lockName(),
		"-lease="+t.Lease.String(), "-renew="+t.Renew.String(), "-retry="+t.Retry.String(),
		"-register=http://"+s.register.Addr(), "-history="+t.histories(),
		"-linger="+linger.String(), "-gate="+strconv.FormatBool(t.gate),
	)
	if err != nil {
		return err
	}
	s.process, t.linger[p.Name] = p, linger
	t.say(history.Entry{Kind: history.Started, Replica: p.Name, Cause: linger.String()})
	return nil
}

// lockName is another in each round.
func (t *team) lockName() string {
	return "chaos-" + strconv.FormatInt(int64(t.Lease/time.Second), 10) + "-" + strconv.FormatBool(t.gate)
}

// play lets faults happen until the leader has changed often enough.
func (t *team) play(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	beside, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() error { return t.fleet.Watch(beside) })
	group.Go(func() error { return t.followLease(beside) })
	group.Go(func() error {
		defer stop()
		for _, s := range t.slots {
			if err := t.launch(s); err != nil {
				return err
			}
		}
		t.healed = journal.Now()
		for n := 1; ; n++ {
			if err := t.step(ctx, n, t.plan.Next()); err != nil {
				return err
			}
			if done, err := t.enough(); err != nil || done {
				return errors.Join(err, t.complete(ctx))
			}
		}
	})
	return group.Wait()
}

// enough: the leader has changed often enough. A control goes on, for up to
// ten times as many changes, until its check has failed.
func (t *team) enough() (bool, error) {
	changes := changed(t.terms())
	if t.gate || changes < t.changes || changes >= 10*t.changes {
		return changes >= t.changes, nil
	}
	entries, err := history.Load(t.histories())
	if err != nil {
		return false, err
	}
	return history.Taken().Check(entries, time.Minute).Result == porcupine.Illegal, nil
}

// complete waits until somebody leads and all others stand by: a process that
// has only just been started cannot be terminated in good order.
func (t *team) complete(ctx context.Context) error {
	if _, err := t.settled(ctx, 0); err != nil {
		return err
	}
	for _, s := range t.slots {
		name := s.process.Name
		if _, err := t.fleet.Ledger.Await(ctx, name+" leads or stands by", func(line journal.Line) bool {
			return line.Replica == name && (line.Kind == journal.Standby || line.Kind == journal.Leads)
		}); err != nil {
			return err
		}
	}
	return nil
}

// finish ends all replicas, by SIGTERM, and the registers, and keeps what they
// have said.
func (t *team) finish() error {
	err := t.fleet.StopAll()
	t.fleet.Close()
	_ = t.server.Close() // it serves
	if unwritten := t.unwritten.Load(); unwritten != nil {
		err = errors.Join(err, *unwritten)
	}
	return errors.Join(err,
		keep(filepath.Join(t.dir, "journal"+history.Ext), t.fleet.Ledger.All()),
		keep(filepath.Join(t.dir, "arrivals"+history.Ext), t.registers.Arrivals()))
}

// keep writes one line for each value.
func keep[T any](file string, values []T) (err error) {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	for e := json.NewEncoder(f); len(values) > 0; values = values[1:] {
		if err := e.Encode(values[0]); err != nil {
			return err
		}
	}
	return nil
}

// close leaves nothing behind.
func (t *team) close() {
	if t.fleet != nil {
		t.fleet.Close()
	}
	if t.server != nil {
		_ = t.server.Close() // nothing is wanted of it any more
	}
	for _, s := range t.slots {
		s.close()
	}
	if t.said != nil {
		_ = t.said.Close() // what is in it was written
	}
	if t.log != nil {
		_ = t.log.Close() // nobody depends on it
	}
}

func (t *team) say(e history.Entry) {
	if err := t.said.Write(e); err != nil {
		t.unwritten.CompareAndSwap(nil, &err)
	}
}

func (t *team) broken(format string, args ...any) {
	v := fmt.Sprintf(format, args...)
	t.violations = append(t.violations, v)
	t.out.say("BROKEN: %s", v)
}
