package probe

import "time"

// group is the targets of one name.
type group struct {
	name    string
	members map[*watch]struct{}
	allDown bool
}

// count looks at a group of which a member changed, came or went. If none
// serves, those that only wait to be let go do from now on. p.mu is held.
func (p *Prober) count(g *group, now time.Time) {
	serving, down := 0, 0
	var waiting []*watch
	for w := range g.members {
		switch {
		case p.serves(w):
			serving++
		case w.verdict.waits():
			waiting = append(waiting, w)
		case w.verdict.state == Down:
			down++
		}
	}
	if serving == 0 {
		for _, w := range waiting {
			w.verdict.release()
			p.turned(w, Down, now, true)
		}
	}
	if all := len(g.members) > 0 && down == len(g.members); all != g.allDown {
		g.allDown = all
		p.report(news{group: &GroupChange{Group: g.name, AllDown: all, Targets: len(g.members), At: now}})
	}
	if len(g.members) == 0 {
		delete(p.groups, g.name)
	}
}

// serves: the target gets connections.
func (p *Prober) serves(w *watch) bool {
	return w.verdict.state == Up || w.verdict.state == Unknown && p.cfg.UnknownServes
}
