package sim

import "math/rand/v2"

// Partitions is a plan in which candidates with the same settings, which
// Regent may refuse, are cut off again and again.
func Partitions(seed uint64, t Timings) Plan {
	r := draw{rand.New(rand.NewPCG(seed, 0xbf58476d1ce4e5b9))}
	p := Plan{Seed: seed, Calm: 12 * t.Lease}
	for range 3 {
		p.Candidates = append(p.Candidates, Candidate{Timings: t, Rate: 1, Works: 1, Work: Obeys, Drain: 1})
	}
	for at := 2 * t.Lease; at < p.Calm-3*t.Lease; at += 3 * t.Lease {
		for who := range p.Candidates {
			if !r.one(3) {
				p.Faults = append(p.Faults, Fault{At: at + r.between(0, t.Lease), For: r.between(t.Lease, 2*t.Lease), Kind: Cut, Who: who})
			}
		}
	}
	return p
}
