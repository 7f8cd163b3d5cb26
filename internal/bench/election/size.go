package election

import (
	"errors"
	"fmt"
	"time"
)

// Size says how much is measured.
type Size struct {
	// Rounds is how many hand-overs of Regent's elector, and of the floor, there
	// are for each number of standbys, PeerRounds how many of client-go's.
	Rounds, PeerRounds int
	// Standbys are the numbers of standbys.
	Standbys []int
	// HandOverLocks is how many locks the rounds of Regent's are spread over: one
	// rests while others hand over, until its new standby has settled.
	HandOverLocks int
	// PeerPause bounds the random pause before each hand-over of client-go's.
	PeerPause time.Duration

	// CrashLocks is how many locks lose their leaders at a time, CrashRounds how
	// often each does with short timings, LongCrashRounds with 15/10/2 s.
	CrashLocks, CrashRounds, LongCrashRounds int

	// Rest is how long requests are counted, Idle how long the servers are
	// watched without any elector.
	Rest, Idle time.Duration
	// FewLocks is how many locks of 1, 3 and 10 replicas there are at rest,
	// ManyLocks how many of 3 more.
	FewLocks, ManyLocks int

	// Calm is how long electors are left alone before they are counted or their
	// memory is looked at.
	Calm time.Duration

	// Electors is how many are counted for the memory of one.
	Electors int
}

// Full is what figures are published of. It takes about 11 minutes.
func Full() Size {
	return Size{
		Rounds: 200, PeerRounds: 20, Standbys: []int{1, 2, 9}, HandOverLocks: 4, PeerPause: 2 * time.Second,
		CrashLocks: 10, CrashRounds: 5, LongCrashRounds: 2,
		Rest: 75 * time.Second, Idle: 20 * time.Second, FewLocks: 5, ManyLocks: 100,
		Calm:     2 * time.Second,
		Electors: 500,
	}
}

// Quick shows that all of it works, in less than a minute.
func Quick() Size {
	return Size{
		Rounds: 5, PeerRounds: 1, Standbys: []int{1, 2, 9}, HandOverLocks: 1, PeerPause: 500 * time.Millisecond,
		CrashLocks: 2, CrashRounds: 1,
		Rest: 5 * time.Second, Idle: 2 * time.Second, FewLocks: 1, ManyLocks: 10,
		Calm:     300 * time.Millisecond,
		Electors: 20,
	}
}

// Tiny is the least that shows that all of it works.
func Tiny() Size {
	return Size{
		Rounds: 1, PeerRounds: 1, Standbys: []int{2}, HandOverLocks: 1, PeerPause: time.Millisecond,
		CrashLocks: 1, CrashRounds: 1,
		Rest: time.Second, Idle: time.Second, FewLocks: 1, ManyLocks: 2,
		Calm:     100 * time.Millisecond,
		Electors: 2,
	}
}

func (s Size) validate() error {
	var faults []error
	for _, f := range []struct {
		name  string
		value int
		least int
	}{
		{"Rounds", s.Rounds, 1}, {"PeerRounds", s.PeerRounds, 1}, {"len(Standbys)", len(s.Standbys), 1}, {"HandOverLocks", s.HandOverLocks, 1},
		{"CrashLocks", s.CrashLocks, 1}, {"CrashRounds", s.CrashRounds, 1}, {"LongCrashRounds", s.LongCrashRounds, 0},
		{"FewLocks", s.FewLocks, 1}, {"ManyLocks", s.ManyLocks, s.FewLocks + 1}, {"Electors", s.Electors, 1},
	} {
		if f.value < f.least {
			faults = append(faults, fmt.Errorf("election: Size.%s is %d; mend: at least %d", f.name, f.value, f.least))
		}
	}
	for _, n := range s.Standbys {
		if n < 1 {
			faults = append(faults, fmt.Errorf("election: Size.Standbys has %d; mend: at least 1, who else should take over", n))
		}
	}
	if s.Rest <= 0 || s.Idle <= 0 || s.Calm <= 0 {
		faults = append(faults, fmt.Errorf("election: Size.Rest is %v, Size.Idle %v and Size.Calm %v; mend: more than 0", s.Rest, s.Idle, s.Calm))
	}
	return errors.Join(faults...)
}
