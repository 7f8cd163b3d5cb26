package leaderelection_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// play carries out one command and returns what happened.
func (s *scenario) play(t *testing.T, d *datadriven.TestData) string {
	var who []string
	options := make(map[string]string)
	for _, arg := range d.CmdArgs {
		if len(arg.Vals) == 0 {
			who = append(who, arg.Key)
		} else {
			options[arg.Key] = arg.Vals[0]
		}
	}
	if out := s.command(t, d.Cmd, who, options); out != "" {
		return out
	}
	return s.told()
}

func (s *scenario) command(t *testing.T, cmd string, who []string, options map[string]string) string {
	switch cmd {
	case "candidate":
		if err := s.join(who[0], func(c *leaderelection.Config) { configure(t, c, options) }); err != nil {
			return err.Error() + "\n"
		}
		return "ok\n"
	case "advance":
		time.Sleep(duration(t, who[0]))
	case "delete":
		s.store.Delete("lock")
	case "edit":
		s.store.Edit("lock", func(r *lock.Record) { edit(t, r, options) })
	case "expect-overlap":
		s.overlaps = true
		return "ok\n"
	case "lock":
		return s.describe()
	default:
		for _, name := range who {
			a := s.candidates[name]
			require.NotNil(t, a, "no candidate %q", name)
			if err := s.order(t, cmd, a, options); err != nil {
				return s.told() + err.Error() + "\n"
			}
		}
	}
	return ""
}

// order is a command to one candidate.
func (s *scenario) order(t *testing.T, cmd string, a *actor, options map[string]string) error {
	switch cmd {
	case "start":
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() {
			err := a.Run(ctx, s.work(a))
			s.say(a.name, "Run returned %v", err)
			done <- err
		}()
		a.stop = func() error { cancel(); return <-done }
	case "shutdown": // without waiting
		stop := a.stop
		result := make(chan error, 1)
		go func() { result <- stop() }()
		a.stop = func() error { return <-result }
	case "drain":
		a.drain = duration(t, options["for"])
	case "cut":
		a.client.Cut()
	case "heal":
		a.client.Heal()
		a.client.SetFault(func(locktest.Call) locktest.Fault { return latency })
	case "silence":
		a.client.Silence(true)
	case "fault":
		a.client.SetFault(faults(t, options))
	case "stepdown":
		return a.StepDown(t.Context())
	case "transfer":
		return a.TransferTo(t.Context(), options["to"])
	case "status":
		st := a.Status()
		s.say(a.name, "%s, leader=%v, holder=%q, token=%d, watching=%v", st.Phase, st.Leader, st.Holder, st.Token, st.Watching)
	case "check":
		if err := a.Check(nil); err != nil {
			s.say(a.name, "unhealthy: %v", err)
		} else {
			s.say(a.name, "healthy")
		}
	case "requests":
		s.say(a.name, "has sent %d requests", a.client.Calls(""))
	default:
		t.Fatalf("no command %q; see testdata/README.md", cmd)
	}
	return nil
}

func (s *scenario) describe() string {
	r, ok := s.store.Get("lock")
	if !ok {
		return "there is no lock\n"
	}
	var pods []string
	for _, c := range r.Candidates {
		pods = append(pods, c.Identity)
	}
	return fmt.Sprintf("holder=%q for %v, token %d, transitions %d, released=%v, candidates %v\n", r.Holder, r.Duration, r.Token, r.Transitions, r.Released(), pods)
}

func configure(t *testing.T, c *leaderelection.Config, options map[string]string) {
	for key, value := range options {
		switch key {
		case "lease":
			c.LeaseDuration = duration(t, value)
		case "renew":
			c.RenewDeadline = duration(t, value)
		case "retry":
			c.RetryPeriod = duration(t, value)
		case "identity":
			c.Identity = value
		case "foreign":
			c.Foreign = leaderelection.ForeignPolicy(value)
		case "exit-on-loss":
			c.ExitOnLoss = true
		default:
			t.Fatalf("candidate has no option %q", key)
		}
	}
}

// edit changes a record as another client would.
func edit(t *testing.T, r *lock.Record, options map[string]string) {
	now := time.Now().Truncate(time.Microsecond)
	for key, value := range options {
		switch key {
		case "holder":
			r.Holder, r.Acquired, r.Renewed = strings.Trim(value, "'"), now, now
			r.Transitions++
		case "duration":
			r.Duration = duration(t, value)
		case "renewed":
			r.Renewed = now
		case "client-go-release": // tryRelease of client-go: value says whose transitions it keeps
			*r = lock.Record{Duration: time.Second, Acquired: now, Renewed: now, Transitions: r.Transitions,
				SealedTransitions: r.SealedTransitions, Nonce: r.Nonce, Token: r.Token, Candidates: r.Candidates}
		default:
			t.Fatalf("edit has no option %q", key)
		}
	}
}

// faults makes one fault, for the next calls of a verb: count=N limits it,
// the others pass with the usual latency.
func faults(t *testing.T, options map[string]string) func(locktest.Call) locktest.Fault {
	f := latency
	verb, count := "", -1
	for key, value := range options {
		switch key {
		case "verb":
			verb = value
		case "count":
			_, err := fmt.Sscan(value, &count)
			require.NoError(t, err)
		case "lost":
			f.Lost = true
		case "reply-lost":
			f.ReplyLost = true
		case "delay":
			f.Delay = duration(t, value)
		case "reply-delay":
			f.ReplyDelay = duration(t, value)
		case "error":
			f.Err = errors.New(strings.ReplaceAll(value, "-", " "))
		case "forbidden":
			f.Err = fmt.Errorf("RBAC: %w", lock.ErrForbidden)
		default:
			t.Fatalf("fault has no option %q", key)
		}
	}
	return func(call locktest.Call) locktest.Fault {
		if verb != "" && call.Verb != verb || count == 0 {
			return latency
		}
		count--
		return f
	}
}

func duration(t *testing.T, s string) time.Duration {
	d, err := time.ParseDuration(s)
	require.NoError(t, err)
	return d
}
