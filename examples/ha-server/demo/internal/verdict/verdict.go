// Package verdict compares what the clients of the demo were told with what the
// API server has at the end, and with what a watch on it has seen.
package verdict

import (
	"fmt"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// History is what the verdict is made from.
type History struct {
	// Acked are the names of the spaces whose creation was acknowledged.
	Acked []string
	// Spaces are what the API server has at the end, by name.
	Spaces map[string]Kept
	// Provisions are in the order in which the API server committed them.
	Provisions []Provision
	// Terms has the tokens of all holders of the lock.
	Terms map[uint64]bool
}

// Kept is a space, and the UID of its object.
type Kept struct {
	space.Space
	UID string
}

// Provision is a ServiceAccount that came into being: for which space, by name
// and UID, and in which term.
type Provision struct {
	Name, UID string
	Token     uint64
}

// Verdict is what promises were broken, and by what.
type Verdict struct {
	// Lost spaces were acknowledged, and are not there.
	Lost []string
	// Unprovisioned are not ready, or nobody was seen to provision them; Twice
	// are those for which that was seen more than once.
	Unprovisioned, Twice []string
	// Fallen were provisioned by a leader after a later one had; Strange by a
	// token that no holder of the lock had.
	Fallen, Strange []string
}

// Judge compares what clients were told with what the API server has and a
// watch of it has seen.
func (h History) Judge() Verdict {
	var v Verdict
	made, last := make(map[string]int), uint64(0)
	for _, p := range h.Provisions {
		made[p.UID]++
		if p.Token < last {
			v.Fallen = append(v.Fallen, fmt.Sprintf("%s by token %d, after one by %d", p.Name, p.Token, last))
		}
		last = max(last, p.Token)
		if !h.Terms[p.Token] {
			v.Strange = append(v.Strange, fmt.Sprintf("%s by token %d, which nobody had", p.Name, p.Token))
		}
	}
	for _, name := range h.Acked {
		if _, there := h.Spaces[name]; !there {
			v.Lost = append(v.Lost, name)
		}
	}
	for name, s := range h.Spaces {
		switch n := made[s.UID]; {
		case n == 0 || s.Phase != space.Ready:
			v.Unprovisioned = append(v.Unprovisioned, fmt.Sprintf("%s is %s", name, s.Phase))
		case n > 1:
			v.Twice = append(v.Twice, fmt.Sprintf("%s, %d times", name, n))
		}
	}
	return v
}

// Pending is how many spaces are not ready.
func (h History) Pending() (n int) {
	for _, s := range h.Spaces {
		if s.Phase != space.Ready {
			n++
		}
	}
	return n
}
