// Package verdict says which of the faults that clients of the demo have seen are
// those of the endpoint that was killed, and which are the balancer's.
package verdict

import (
	"slices"
	"time"

	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// Incident is an endpoint that was killed, or cut off.
type Incident struct {
	// Endpoint is its name.
	Endpoint string
	// From is when it happened, Noticed when the balancer had noticed it: from then
	// on, no new connection may go there. Until is when the balancer had noticed that
	// it was over.
	From, Noticed, Until time.Time
}

// Verdict has the faults of connections to endpoints that lived, and how many
// others there were.
type Verdict struct {
	// Broken, Lost and Moved are nobody's fault but the balancer's.
	Broken, Lost, Moved []traffic.Fault
	// Killed is how many connections broke because their endpoint did, Refused how
	// many were begun before that was noticed, and did not come about.
	Killed, Refused int
	// LostKilled is how many UDP requests were lost for either reason, and Left how
	// many flows went on elsewhere.
	LostKilled, Left int
}

// Judge attributes all faults of a tally.
func Judge(t traffic.Tally, incidents []Incident) Verdict {
	var v Verdict
	for _, f := range t.Moved {
		if left(f, incidents) {
			v.Left++
		} else {
			v.Moved = append(v.Moved, f)
		}
	}
	for _, f := range t.Broken {
		switch {
		case !excused(f, incidents):
			v.Broken = append(v.Broken, f)
		case f.Endpoint == "":
			v.Refused++
		default:
			v.Killed++
		}
	}
	for _, f := range t.Lost {
		if excused(f, incidents) {
			v.LostKilled++
		} else {
			v.Lost = append(v.Lost, f)
		}
	}
	return v
}

// slack is for how long a client may take to notice what the end of an incident
// does to it: a reset comes with the next segment that it sends.
const slack = traffic.Patience

// excused: it was the endpoint's fault, or may have been, where the client does
// not know which endpoint it was sent to.
func excused(f traffic.Fault, incidents []Incident) bool {
	for _, i := range incidents {
		switch {
		case f.At.Before(i.From):
		case f.Endpoint == i.Endpoint && f.Began.Before(i.Noticed) && !f.At.After(i.Until.Add(slack)),
			f.Endpoint == "" && f.Began.Before(i.Noticed) && !f.At.After(i.Noticed.Add(slack)):
			return true
		}
	}
	return false
}

// left: the flow was moved away from an endpoint that was not there.
func left(f traffic.Fault, incidents []Incident) bool {
	return slices.ContainsFunc(incidents, func(i Incident) bool {
		return f.Endpoint == i.Endpoint && !f.At.Before(i.From) && !f.At.After(i.Until)
	})
}

// OK: no connection was broken, no request lost, no flow moved.
func (v Verdict) OK() bool { return len(v.Broken)+len(v.Lost)+len(v.Moved) == 0 }
