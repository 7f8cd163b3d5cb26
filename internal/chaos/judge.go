package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/regent-ha/regent/internal/chaos/audit"
	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/report"
	"github.com/regent-ha/regent/internal/journal"
)

// all is the file with all broken promises, of which so many are shown.
const (
	all   = "broken" + history.Ext
	shown = 10
)

// judge holds a round against what was promised.
func (o options) judge(out *output, t *team) (report.Round, error) {
	entries, err := history.Load(t.histories())
	if err != nil {
		return report.Round{}, err
	}
	arrivals := t.registers.Arrivals()
	r := report.Round{
		Timings: t.Timings, Gate: t.gate,
		Tally: report.Count(entries, arrivals), Missing: slices.Max(append(t.missing, 0)),
	}
	r.Report = audit.Run(audit.Config{Timings: t.Timings, Linger: t.linger, Gate: t.gate, End: journal.Now()}, entries, arrivals)
	out.say("%s: checking %d increments with porcupine", t.name, r.Increments)
	r.Guarded = history.Guarded().Check(entries, o.within)
	r.Taken = history.Taken().Check(entries, o.within)
	t.verdicts(o, r)
	for i, v := range r.Violations {
		if i == shown {
			out.say("BROKEN: %d more, see %s", len(r.Violations)-shown, filepath.Join(t.dir, all))
			break
		}
		out.say("BROKEN: %s", v)
	}
	r.Violations = append(r.Violations, t.violations...)
	if err := keep(filepath.Join(t.dir, all), r.Violations); err != nil {
		return r, err
	}
	for _, b := range []struct {
		book    history.Book
		illegal []string
	}{{history.Guarded(), r.Guarded.Illegal}, {history.Taken(), r.Taken.Illegal}} {
		if len(b.illegal) == 0 {
			continue
		}
		page := filepath.Join(t.dir, b.book.Name+".html")
		if err := b.book.Draw(entries, b.illegal[0], page, o.within); err != nil {
			return r, err
		}
		if len(r.Violations) > 0 || o.keep {
			out.say("%s: where the %s book of register %s contradicts itself: %s", t.name, b.book.Name, b.illegal[0], page)
		}
	}
	return r, nil
}

// verdicts says what is broken according to porcupine, and to the clock.
func (t *team) verdicts(o options, r report.Round) {
	if r.Guarded.Result != porcupine.Ok {
		t.broken("registers that compare tokens: porcupine says %s", r.Guarded.Result)
	}
	switch {
	case r.Taken.Result == porcupine.Unknown:
		t.broken("registers that take whatever comes: porcupine did not end in %v", o.within)
	case r.Taken.Result == porcupine.Illegal && r.Stale == 0:
		t.broken("registers that take whatever comes: porcupine says %s, and no write came out of turn", r.Taken.Result)
	case !t.gate && r.Taken.Result == porcupine.Ok:
		t.broken("the control did not fail: without the gate, and without a look at tokens, %d writes of former terms came, and no check noticed", r.Stale)
	}
	promised := (t.Lease + 2*t.Retry) * 100 / 95
	if r.Missing > promised+o.margin {
		t.broken("nobody led for %v after the faults, and L + 2P is %v", r.Missing, t.Lease+2*t.Retry)
	}
}

// conclude prints the results, writes the table, and says whether all is well.
func (o options) conclude(out *output, results []report.Round) error {
	text := report.Table(results)
	_, _ = fmt.Fprintf(out, "\n%s\n", text) // nobody looks
	broken := 0
	for _, r := range results {
		broken += len(r.Violations)
	}
	if broken > 0 {
		return fmt.Errorf("%d promises were broken; see above", broken)
	}
	out.say("PASS: no promise was broken, and the control failed as it should")
	if o.table == "" {
		return nil
	}
	return report.Rewrite(o.table, text)
}
