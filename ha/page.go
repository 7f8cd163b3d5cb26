package ha

import (
	"time"

	"github.com/regent-ha/regent/ha/page"
)

// PageVersion is Page.Version. It changes when a field of Page ceases to mean
// what it meant; fields may be added without.
const PageVersion = 1

const (
	// longestText and longestName bound what errors and names from elsewhere may
	// take of a page, in characters.
	longestText = 1000
	longestName = 253
)

// Page is the JSON of /ha and /ha.json: what a Status says, for programs. Times
// are in UTC, those that are not known are left out; durations are in seconds.
type Page struct {
	// Version is PageVersion.
	Version int `json:"version"`
	// Name is the program's, Replica the identity of this process.
	Name    string `json:"name"`
	Replica string `json:"replica"`
	// Now is the time of all that follows, Started that of the Group's Run.
	Now     time.Time `json:"now"`
	Started time.Time `json:"started,omitzero"`
	// Headline says in a sentence what is the case, for people.
	Headline string `json:"headline"`
	// Mode is what this replica does.
	Mode Mode `json:"mode"`
	// Ready is what /readyz says, NotReady why not.
	Ready    bool   `json:"ready"`
	NotReady string `json:"not_ready,omitempty"`
	// ShuttingDown is why; "" = it is not.
	ShuttingDown string `json:"shutting_down,omitempty"`
	// Election is what the Runner knows; null without an election.
	Election *PageElection `json:"election"`
	// Components are those of every replica, then those of the leader.
	Components []PageComponent `json:"components"`
	// Transitions are what happened, the newest first.
	Transitions []PageTransition `json:"transitions"`
}

// PageElection is what an Elector knows: see leaderelection.Status.
type PageElection struct {
	Lock     string `json:"lock"`
	Identity string `json:"identity"`
	// Phase is idle, standby, leading, draining or releasing.
	Phase string `json:"phase"`
	// Leads: this replica does.
	Leads bool `json:"leads"`
	// Holder leads, as far as is known; "" = nobody. Token is that of the lock's
	// last term.
	Holder string `json:"holder"`
	Token  uint64 `json:"token"`
	// Acquired and Renewed are by the holder's clock.
	Acquired    time.Time `json:"acquired,omitzero"`
	Renewed     time.Time `json:"renewed,omitzero"`
	Transitions int32     `json:"transitions"`
	// Deadline is when this replica's term ends if no renewal succeeds, in
	// SecondsLeft from now; both are left out while it has no term.
	Deadline    time.Time `json:"deadline,omitzero"`
	SecondsLeft *float64  `json:"seconds_left,omitempty"`
	// ContactSeconds is how long ago the API server was heard of.
	ContactSeconds float64 `json:"contact_seconds"`
	// Watching: changes of the lock arrive at once. Else it is polled.
	Watching bool `json:"watching"`
	// Error is why this replica could not lead; "" = it could.
	Error      string          `json:"error,omitempty"`
	Candidates []PageCandidate `json:"candidates"`
}

// PageCandidate is a replica that said it would lead.
type PageCandidate struct {
	Identity string `json:"identity"`
	Pod      string `json:"pod,omitempty"`
	// Since is when it started, by its own clock.
	Since time.Time `json:"since,omitzero"`
}

// PageComponent is a component of this replica.
type PageComponent struct {
	Name string `json:"name"`
	// Leader: it runs while this replica leads. Else always.
	Leader bool  `json:"leader"`
	State  State `json:"state"`
	// Since is when State began.
	Since time.Time `json:"since,omitzero"`
	// Starts is how often it was started, Overruns how often it took longer to
	// return than it may.
	Starts   int `json:"starts"`
	Overruns int `json:"overruns"`
	// Error is why it is not ready, or has failed.
	Error string `json:"error,omitempty"`
}

// PageTransition is something that happened: see Transition.
type PageTransition struct {
	Time   time.Time `json:"time,omitzero"`
	Kind   string    `json:"kind"`
	Holder string    `json:"holder,omitempty"`
	Token  uint64    `json:"token,omitempty"`
	Reason string    `json:"reason,omitempty"`
}

// newPage copies what s says, in bounds.
func newPage(s Status) Page {
	p := Page{
		Version: PageVersion, Name: name(s.Name), Replica: name(s.Replica), Now: moment(s.Now), Started: moment(s.Started),
		Mode: s.Mode, Ready: s.Ready == nil, NotReady: text(s.Ready), ShuttingDown: text(s.ShuttingDown),
		Components: []PageComponent{}, Transitions: []PageTransition{}, // [] and not null
	}
	for _, c := range s.Components {
		p.Components = append(p.Components, PageComponent{
			Name: name(c.Name), Leader: c.Leader, State: c.State, Since: moment(c.Since), Starts: c.Starts, Overruns: c.Overruns, Error: text(c.Err),
		})
	}
	for _, t := range s.Transitions {
		p.Transitions = append(p.Transitions, PageTransition{
			Time: moment(t.Time), Kind: string(t.Kind), Holder: name(t.Holder), Token: t.Token, Reason: page.Bound(t.Reason, longestText),
		})
	}
	if s.Election != nil {
		p.Election = newPageElection(s)
	}
	_, p.Headline = headline(&p)
	return p
}

func newPageElection(s Status) *PageElection {
	e := s.Election
	p := &PageElection{
		Lock: name(e.Lock), Identity: name(e.Identity), Phase: e.Phase, Leads: e.Leader, Holder: name(e.Holder), Token: e.Token,
		Acquired: moment(e.Acquired), Renewed: moment(e.Renewed), Transitions: e.Transitions, Deadline: moment(e.Deadline),
		ContactSeconds: seconds(e.Contact), Watching: e.Watching, Error: text(e.Err), Candidates: []PageCandidate{},
	}
	if !e.Deadline.IsZero() {
		p.SecondsLeft = new(seconds(max(e.Deadline.Sub(s.Now), 0)))
	}
	for _, c := range e.Candidates {
		p.Candidates = append(p.Candidates, PageCandidate{Identity: name(c.Identity), Pod: name(c.Pod), Since: moment(c.Since)})
	}
	return p
}

func name(s string) string { return page.Bound(s, longestName) }

func text(err error) string {
	if err == nil {
		return ""
	}
	return page.Bound(err.Error(), longestText)
}

// moment is t in UTC, and the zero time if JSON has no words for its year.
func moment(t time.Time) time.Time {
	t = t.UTC().Truncate(time.Millisecond)
	if year := t.Year(); year < 1 || year > 9999 {
		return time.Time{}
	}
	return t
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
