package fleet

import (
	"errors"
	"fmt"
	"strings"

	"github.com/regent-ha/regent/internal/journal"
)

// ErrSeveralLead: more than one replica says that it leads.
var ErrSeveralLead = errors.New("more than one replica leads")

// Leader returns the replica that leads, what it said at its election, and the
// names of the others.
func (f *Fleet) Leader() (leader *Process, elected journal.Line, others []string, err error) {
	terms := f.terms()
	var leaders []string
	for _, p := range f.all() {
		line, leads := terms[p.Name]
		if !leads {
			others = append(others, p.Name)
			continue
		}
		leader, elected = p, line
		leaders = append(leaders, p.Name)
	}
	switch len(leaders) {
	case 0:
		return nil, elected, others, errors.New("nobody leads")
	case 1:
		return leader, elected, others, nil
	default:
		return nil, elected, others, fmt.Errorf("%w: %s", ErrSeveralLead, strings.Join(leaders, ", "))
	}
}

// terms are those that have begun and not ended, by the names of the replicas.
func (f *Fleet) terms() map[string]journal.Line {
	terms := make(map[string]journal.Line)
	for _, line := range f.Ledger.All() { // each replica's are in their order
		switch line.Kind {
		case journal.Leads:
			terms[line.Replica] = line
		case journal.Cancelled, journal.Drained:
			delete(terms, line.Replica)
		}
	}
	return terms
}
