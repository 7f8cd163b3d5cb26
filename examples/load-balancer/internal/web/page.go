package web

import (
	"fmt"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/quantity"
	"github.com/regent-ha/regent/ha/page"
)

// Page is the JSON of /status.json: a report, and what it comes down to.
type Page struct {
	// Headline says in a sentence what is the case, for people.
	Headline string `json:"headline"`
	balancer.Report
}

func newPage(r balancer.Report) Page {
	_, headline := headline(r)
	return Page{Headline: headline, Report: r}
}

// headline is what matters most.
func headline(r balancer.Report) (page.Badge, string) {
	var endpoints, down, without int
	for _, s := range r.Services {
		endpoints += s.Named()
		down += s.Down
		if s.Serving == 0 {
			without++
		}
	}
	switch {
	case !r.Ready:
		return page.Badge{Tone: page.Fault, Text: "not ready"}, "Not all that the file says is forwarded"
	case without > 0:
		return page.Badge{Tone: page.Fault, Text: "no endpoint"}, "No endpoint takes connections of " + quantity.Plural(without, "service")
	case r.StatusError != "":
		return page.Badge{Tone: page.Attention, Text: "not known"}, "What the forwarder does is not known"
	case r.Apply.Error != "":
		return page.Badge{Tone: page.Attention, Text: "not applied"}, "Not all could be applied"
	case len(r.File.Faults) > 0:
		return page.Badge{Tone: page.Attention, Text: "refused"}, "The file has faults, and is not followed"
	case down > 0:
		return page.Badge{Tone: page.Attention, Text: "endpoints down"}, fmt.Sprintf("%d of %s down", down, quantity.Plural(endpoints, "endpoint"))
	case len(r.Services) == 0:
		return page.Badge{Tone: page.Steady, Text: "nothing to do"}, "The file names no services"
	}
	return page.Badge{Tone: page.Active, Text: "forwards"},
		fmt.Sprintf("Forwards %s to %s", quantity.Plural(len(r.Services), "service"), quantity.Plural(endpoints, "endpoint"))
}
