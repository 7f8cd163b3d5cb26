package dockerchaos

import (
	"math/rand/v2"
	"slices"
	"time"
)

// Whom a round cuts off, beside the replicas' own names.
const (
	theLeader  = "the leader"
	oneStandby = "a standby"
	standbys   = "the standbys"
	leaderAnd1 = "the leader and a standby"
	everybody  = "all"
	someOfThem = "some"
)

// card says what kind of round comes next.
type card struct {
	whom  string
	brief bool // for less than the renew deadline
	times int  // in succession
}

// deck has a card of each kind. Dealt again and again, each time shuffled, it
// leaves nothing to luck but the order.
func deck(replicas []string) []card {
	var all []card
	for _, r := range replicas {
		all = append(all, card{whom: r, times: 1})
	}
	all = append(all,
		card{whom: theLeader, times: 1},
		card{whom: theLeader, times: 1, brief: true},
		card{whom: theLeader, times: 3, brief: true},
		card{whom: oneStandby, times: 1},
		card{whom: everybody, times: 1},
		card{whom: everybody, times: 1, brief: true},
		card{whom: someOfThem, times: 2, brief: true},
	)
	if len(replicas) > 2 {
		all = append(all, card{whom: standbys, times: 1}, card{whom: leaderAnd1, times: 1})
	}
	return all
}

// cutPlan is one time that replicas are without a network.
type cutPlan struct {
	hold time.Duration   // between the last disconnect and the first connect
	gaps []time.Duration // before each connect
	same bool            // each gets the address back that it had
}

// round is what is done between two times at which all is well.
type round struct {
	number int
	card
	cuts []cutPlan
	rng  *rand.Rand // for what depends on who leads then
}

// plan draws the rounds of a trial. The same seed gives the same plan; who
// leads at each moment is not in its hand.
func plan(seed uint64, rounds int, replicas []string, t Timings) (all []round) {
	rng := rand.New(rand.NewPCG(seed, uint64(len(replicas))))
	var cards []card
	for n := range rounds {
		if len(cards) == 0 {
			cards = deck(replicas)
			rng.Shuffle(len(cards), func(i, j int) { cards[i], cards[j] = cards[j], cards[i] })
		}
		r := round{number: n + 1, card: cards[0], rng: rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))}
		cards = cards[1:]
		for range r.times {
			r.cuts = append(r.cuts, r.draw(len(replicas), t))
		}
		all = append(all, r)
	}
	return all
}

func (r round) draw(replicas int, t Timings) cutPlan {
	c := cutPlan{same: r.rng.IntN(2) == 0}
	switch {
	case r.brief:
		c.hold = between(r.rng, 0, t.Renew)
	case r.rng.IntN(4) == 0: // at any moment of a takeover
		c.hold = between(r.rng, t.Renew, t.Lease+t.Retry)
	default: // a takeover, if somebody can
		c.hold = between(r.rng, t.Lease+t.Retry, t.Lease+3*t.Retry)
	}
	for range replicas {
		c.gaps = append(c.gaps, between(r.rng, 0, t.Retry))
	}
	return c
}

func between(rng *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(rng.Int64N(int64(most-least)))
}

// pick is whom the round cuts off, in a random order, when leader leads.
func (r round) pick(replicas []string, leader string) []string {
	all := slices.Clone(replicas)
	r.shuffle(all)
	others := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == leader })
	switch r.whom {
	case theLeader:
		return []string{leader}
	case oneStandby:
		return others[:1]
	case standbys:
		return others
	case leaderAnd1:
		two := []string{leader, others[0]}
		r.shuffle(two)
		return two
	case everybody:
		return all
	case someOfThem:
		return all[:1+r.rng.IntN(len(all))]
	}
	return []string{r.whom}
}

func (r round) shuffle(replicas []string) {
	r.rng.Shuffle(len(replicas), func(i, j int) { replicas[i], replicas[j] = replicas[j], replicas[i] })
}
