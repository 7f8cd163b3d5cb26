package sim

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/metrics"
)

// regents makes this library's Electors.
func regents(p *process) (Elector, error) {
	r := &regent{process: p}
	cfg := leaderelection.Config{
		Lock: p.link, LeaseDuration: p.Lease, RenewDeadline: p.Renew, RetryPeriod: p.Retry, Identity: p.identity,
		Foreign: leaderelection.ForeignAllow, ExitOnLoss: p.Exits, Logger: slog.New(slog.DiscardHandler),
		JitterSeed: uint64(p.dice) | 1, Now: p.clock.Now, Observers: []leaderelection.Observer{r.observe},
		OnFence: func(leaderelection.Fence) { p.observed("fenced", 0) },
	}
	if p.Pod {
		cfg.Pod = "pod-" + name(p.index)
	}
	if p.directory != nil {
		cfg.StateDir, cfg.StateFiles = "/state", &mount{process: p}
	}
	if p.play.plan.Seed%measured == 0 {
		r.metrics = metrics.New()
		cfg.Observers = append(cfg.Observers, r.metrics.Observe)
	}
	var err error
	r.Elector, err = leaderelection.NewElector(cfg)
	if r.metrics != nil {
		r.metrics.Add(r.Elector)
	}
	return r, err
}

// measured is how many plays there are to one whose metrics are looked at, and
// how many looks to one at metrics: that takes long.
const measured = 16

type regent struct {
	*leaderelection.Elector
	process *process
	metrics *metrics.Collector // nil: not looked at
	terms   int                // that observers were told of
	looks   int
}

func (r *regent) observe(e leaderelection.Event) {
	if e.Kind == leaderelection.EventElected {
		r.terms++
	}
	if e.Kind != leaderelection.EventRequest { // those are told by the link
		r.process.note("observes: %s, holder %q, token %d, %v", e.Kind, e.Holder, e.Token, e.Err)
	}
	r.process.observed(string(e.Kind), e.Token)
}

// Run campaigns for one work.
func (r *regent) Run(ctx context.Context, lead func(context.Context, Term) error) error {
	return r.Elector.Run(ctx, func(ctx context.Context) error {
		t, _ := leaderelection.TermFromContext(ctx)
		return lead(ctx, Term{t.Token(), t.Valid})
	})
}

// StepDown is StepDown, or TransferTo.
func (r *regent) StepDown(ctx context.Context, to string) {
	if to == "" {
		_ = r.Elector.StepDown(ctx) // ErrNotLeader is as good
	} else {
		_ = r.TransferTo(ctx, to)
	}
}

// Gate is the gate by contexts.
func (r *regent) Gate(next http.RoundTripper) http.RoundTripper { return leaderelection.Gate(next) }

// Flaw: it has none.
func (r *regent) Flaw(Rule, *work) string { return "" }

// Contradictions compares Status, observers and metrics with the facts.
func (r *regent) Contradictions(is Facts) (faults []string) {
	say := func(wrong bool, format string, args ...any) {
		if wrong {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	s, last := r.Status(), is.Last
	say(is.Leads && is.Works == 0, "IsLeader, and no work runs")
	say(is.Working && !is.Leads, "not IsLeader, and work was not cancelled")
	say(s.Leader != is.Leads, "Status.Leader is %v, IsLeader %v", s.Leader, is.Leads)
	say((s.Phase == "leading") != is.Working, "Status.Phase is %s, work was not cancelled: %v", s.Phase, is.Working)
	say(is.Works > 0 && s.Phase != "leading" && s.Phase != "draining", "Status.Phase is %s, and %d works run", s.Phase, is.Works)
	say(is.Leads == s.Deadline.IsZero(), "Status.Deadline is set: %v, IsLeader %v", !s.Deadline.IsZero(), is.Leads)
	say(is.Working && s.Token != last.token, "Status.Token is %d, the term has %d", s.Token, last.token)
	say((last.elected && !last.ended) != is.Working, "observers were told of a term: %v, and of its end: %v; work was not cancelled: %v", last.elected, last.ended, is.Working)
	if r.looks++; r.metrics != nil && r.looks%measured < 2 { // a fault has to be seen twice
		faults = append(faults, r.measure(is)...)
	}
	return faults
}

// measure compares metrics with the facts.
func (r *regent) measure(is Facts) (faults []string) {
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(r.metrics); err != nil {
		return []string{err.Error()}
	}
	families, err := registry.Gather()
	if err != nil {
		return []string{err.Error()}
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			switch f.GetName() {
			case "regent_leaderelection_leader":
				if (m.GetGauge().GetValue() == 1) != is.Leads {
					faults = append(faults, fmt.Sprintf("metric leader is %v, IsLeader %v", m.GetGauge().GetValue(), is.Leads))
				}
			case "regent_leaderelection_terms_started_total":
				if int(m.GetCounter().GetValue()) != r.terms {
					faults = append(faults, fmt.Sprintf("metric terms_started_total is %v after %d terms", m.GetCounter().GetValue(), r.terms))
				}
			}
		}
	}
	return faults
}
