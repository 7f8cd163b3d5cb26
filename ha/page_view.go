package ha

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/ha/page"
	"github.com/regent-ha/regent/leaderelection"
)

// How many entries of a list are seen without opening the rest.
const (
	firstTransitions = 10
	firstCandidates  = 8
)

// pageView is a Page as the template shows it. It is made of nothing else, so
// that people and programs are told the same.
type pageView struct {
	Page
	Badge                page.Badge
	Detail               string
	Notes                []string
	Bar                  *page.Bar
	Election, Replica    []page.Fact
	Always, Leader       []componentView
	Timeline, Earlier    []transitionView
	Candidates, Campaign []candidateView // the first ones, all others
}

type componentView struct {
	PageComponent
	Badge page.Badge
	For   string
}

type transitionView struct {
	PageTransition
	Tone page.Tone
	Text string
	Ago  string
}

type candidateView struct {
	PageCandidate
	Leads, Self bool
	For         string
}

func newPageView(s Status) pageView {
	p := newPage(s)
	v := pageView{Page: p, Detail: detail(&p), Notes: notes(&p), Replica: replicaFacts(&p)}
	v.Badge, _ = headline(&p)
	for _, c := range p.Components {
		if shown := (componentView{c, stateBadge(c.State), since("", c.Since, p.Now)}); c.Leader {
			v.Leader = append(v.Leader, shown)
		} else {
			v.Always = append(v.Always, shown)
		}
	}
	for _, t := range p.Transitions {
		tone, text := told(p.Election, t)
		v.Timeline = append(v.Timeline, transitionView{t, tone, text, since("", t.Time, p.Now)})
	}
	v.Timeline, v.Earlier = split(v.Timeline, firstTransitions)
	if p.Election != nil {
		v.Bar, v.Election = termBar(s, &p), electionFacts(&p)
		v.Candidates, v.Campaign = split(candidates(&p), firstCandidates)
	}
	return v
}

// detail is how fresh it is what a calm standby says of another.
func detail(p *Page) string {
	e := p.Election
	if e == nil || e.Error != "" || e.Phase != "standby" || e.Holder == "" || e.Renewed.IsZero() {
		return ""
	}
	return fmt.Sprintf("Its lease was renewed %s ago by its clock; the API server was heard of %s ago.",
		page.Span(p.Now.Sub(e.Renewed)), page.Span(duration(e.ContactSeconds)))
}

// notes are the errors, which the headline only hints at.
func notes(p *Page) []string {
	var all []string
	add := func(what, why string) {
		if why != "" {
			all = append(all, what+": "+why)
		}
	}
	add("Shutting down", p.ShuttingDown)
	if e := p.Election; e != nil {
		if e.Error != "" {
			all = append(all, e.Error)
		}
		if contact := duration(e.ContactSeconds); contact > 10*time.Second && e.Phase != "idle" {
			all = append(all, fmt.Sprintf("The API server was heard of %s ago: what is said of the lock is as old.", page.Span(contact)))
		}
	}
	add("Not ready", p.NotReady)
	for _, c := range p.Components {
		if c.State == StateOverrun {
			all = append(all, fmt.Sprintf("%s was told to stop, and has overrun its share of the drain%s.", short(c.Name), since(" by ", c.Since, p.Now)))
		}
	}
	return all
}

// termBar is the time that is left of the term. How long it was after the last
// renewal is told by the difference of two times of this very host.
func termBar(s Status, p *Page) *page.Bar {
	e := s.Election
	if e.Deadline.IsZero() || !e.Leader {
		return nil
	}
	left := max(e.Deadline.Sub(s.Now), 0)
	whole := max(e.Deadline.Sub(e.Renewed), left, time.Second)
	if e.Renewed.IsZero() {
		whole = max(left, time.Second)
	}
	bar := &page.Bar{
		Tone: page.Active, Label: "Left of the term, unless a renewal succeeds", Text: page.Span(left),
		Part: left.Seconds(), Whole: whole.Seconds(),
	}
	if p.Election.Error != "" || left < whole/4 {
		bar.Tone = page.Attention
	}
	return bar
}

func electionFacts(p *Page) []page.Fact {
	e := p.Election
	holder := page.Fact{Name: "Leader", Value: called(e, e.Holder), Code: true}
	switch {
	case e.Holder == "" && e.Phase == "idle":
		holder = page.Fact{Name: "Leader", Value: "not known"}
	case e.Holder == "":
		holder = page.Fact{Name: "Leader", Value: "nobody"}
	case e.Leads:
		holder.Note = "this replica"
	}
	facts := []page.Fact{holder, {Name: "Term", Value: fmt.Sprint(e.Token), Note: fmt.Sprintf("%d changes of the holder", e.Transitions), Code: true}}
	if e.Token == 0 {
		facts[1] = page.Fact{Name: "Term", Value: "none yet"}
	}
	if e.Holder != "" {
		whose := "by its clock"
		if e.Leads {
			whose = ""
		}
		facts = append(facts, at("Since", e.Acquired, p.Now, whose), at("Renewed", e.Renewed, p.Now, whose))
	}
	return append(facts, page.Fact{Name: "Lock", Value: e.Lock, Code: true})
}

func replicaFacts(p *Page) []page.Fact {
	ready := page.Fact{Name: "Ready", Value: "yes"}
	if !p.Ready {
		ready.Value = "no"
	}
	facts := []page.Fact{{Name: "Replica", Value: p.Replica, Code: true}, {Name: "Mode", Value: string(p.Mode)}, ready, at("Started", p.Started, p.Now, "")}
	e := p.Election
	if e == nil {
		return append(facts, page.Fact{Name: "Election", Value: "none", Note: "this process has no rivals"})
	}
	facts[1].Note = "election: " + e.Phase
	server := page.Fact{Name: "API server", Value: "not asked yet"}
	if e.Phase != "idle" {
		server = page.Fact{Name: "API server", Value: "heard of " + page.Span(duration(e.ContactSeconds)) + " ago", Note: "the lock is polled"}
		if e.Watching {
			server.Note = "the lock is watched"
		}
	}
	return append(facts, server)
}

// at is a time, and how long ago that is.
func at(name string, t, now time.Time, whose string) page.Fact {
	if t.IsZero() {
		return page.Fact{Name: name, Value: "not known"}
	}
	clock := t.Format("2006-01-02 15:04:05 UTC")
	return page.Fact{Name: name, Value: page.Span(now.Sub(t)) + " ago", Note: strings.TrimSpace(clock + " " + whose)}
}

// candidates begins with who leads and this replica.
func candidates(p *Page) []candidateView {
	var all []candidateView
	for _, c := range p.Election.Candidates {
		all = append(all, candidateView{
			PageCandidate: c, Leads: c.Identity == p.Election.Holder, Self: c.Identity == p.Election.Identity, For: since("", c.Since, p.Now),
		})
	}
	rank := func(c candidateView) int {
		switch {
		case c.Leads:
			return 0
		case c.Self:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(all, func(a, b candidateView) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

func stateBadge(s State) page.Badge {
	b := page.Badge{Tone: page.Quiet, Text: string(s)}
	switch s {
	case StateRunning:
		b.Tone = page.Active
	case StateStandby:
		b.Tone = page.Steady
	case StateWarming, StateDraining:
		b.Tone = page.Attention
	case StateOverrun, StateFailed:
		b.Tone = page.Fault
	}
	return b
}

// told says a transition in words.
func told(e *PageElection, t PageTransition) (page.Tone, string) {
	term := ""
	if t.Token != 0 {
		term = fmt.Sprintf(", term %d", t.Token)
	}
	switch leaderelection.EventKind(t.Kind) {
	case leaderelection.EventElected:
		return page.Active, "This replica leads" + term
	case leaderelection.EventHolder:
		if t.Holder == "" {
			return page.Attention, "Nobody leads"
		}
		return page.Steady, called(e, t.Holder) + " leads" + term
	case leaderelection.EventEnded:
		return page.Attention, "This replica ceased to lead" + term
	case leaderelection.EventReleased:
		return page.Quiet, "This replica released the lock" + term
	case leaderelection.EventReleaseFailed:
		return page.Attention, "The lock could not be released and will expire" + term
	case leaderelection.EventOverrun:
		return page.Fault, "The work did not return in time" + term
	case leaderelection.EventFenced:
		return page.Fault, "The lease was about to expire while the work still ran" + term
	case leaderelection.EventRefused:
		return page.Fault, "The record of the lock was left alone"
	case leaderelection.EventPolling:
		return page.Attention, "The lock could not be watched, and was polled"
	}
	return page.Quiet, page.Visible(t.Kind) + term
}

func split[T any](all []T, first int) (shown, rest []T) {
	n := min(first, len(all))
	return all[:n], all[n:]
}

func duration(seconds float64) time.Duration { return time.Duration(seconds * float64(time.Second)) }
