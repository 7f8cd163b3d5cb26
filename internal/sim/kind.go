package sim

import (
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind string

// What goes wrong with one candidate's way to the API server.
const (
	Slow       Kind = "slow"            // its requests and answers take up to 3 s each
	Lossy      Kind = "lossy"           // every sixth of its requests and answers is lost
	Mute       Kind = "mute"            // its requests are lost; its watch goes on
	Deaf       Kind = "deaf"            // its requests arrive, answers and events do not
	Cut        Kind = "cut off"         // nothing arrives either way
	Refused    Kind = "refused"         // the API server refuses its requests
	Silent     Kind = "silent watch"    // its watch brings nothing, its requests pass
	Late       Kind = "late watch"      // its watch lags by up to 5 s
	Duplicated Kind = "doubled watch"   // its watch brings each event twice
	Reordered  Kind = "reordered watch" // its watch mixes up what happens within 2 s
	Breaking   Kind = "watch break"     // its watch ends
	Unwatched  Kind = "watch denied"    // RBAC denies it the watch
)

// What happens to a candidate's process.
const (
	Paused      Kind = "paused"      // SIGSTOP and SIGCONT
	Suspended   Kind = "suspended"   // its machine: timers are late, the network later
	Jumped      Kind = "clock jump"  // its time of day jumps by hours
	Crashed     Kind = "crashed"     // SIGKILL, and another start
	Stopped     Kind = "stopped"     // SIGTERM, and another start
	StepsDown   Kind = "steps down"  // StepDown
	Transferred Kind = "transferred" // TransferTo another candidate
)

// What happens to the lock.
const (
	Deleted  Kind = "deleted"  // by an operator
	Emptied  Kind = "emptied"  // its holder, by an operator
	Edited   Kind = "edited"   // its record, by an operator who leaves the holder
	Stolen   Kind = "stolen"   // by a client that nobody knows, which never renews
	Forged   Kind = "forged"   // an operator writes client-go's form of a release
	Restored Kind = "restored" // etcd is restored from a backup; it begins when that is made
	Meddled  Kind = "meddled"  // another client changes its labels again and again
)

// What happens to a process that has a state directory.
const (
	Restarted Kind = "restarted in place"       // SIGKILL, and another start at once
	Inherited Kind = "restarted beside a child" // that holds the directory's lock for a while
	Doubled   Kind = "started twice"            // on one directory
	Copied    Kind = "started on a copy"        // of its directory, while it runs
	Moved     Kind = "started elsewhere"        // on its directory, by another host, while it runs
)

// What goes wrong with the API server, for all.
const (
	Down        Kind = "API down"        // no connection; watches break
	Busy        Kind = "API busy"        // most requests get 429, with Retry-After
	Failing     Kind = "API failing"     // half of the requests get 500, done or not
	ReadOnly    Kind = "read-only store" // writes fail
	Terminating Kind = "terminating"     // the namespace: the lock is deleted, none can be made
	Compacted   Kind = "compacted"       // watches end with 410, and cannot go on where they were
)

// scope is whom a kind of fault befalls.
type scope int

const (
	ofLink scope = iota
	ofProcess
	ofLock
	ofDirectory // only in plans InPlace
	ofServer
)

// kinds are drawn alike.
func kinds() []Kind {
	return slices.Concat(ofScope(ofLink), ofScope(ofProcess), ofScope(ofLock), ofScope(ofServer))
}

func ofScope(s scope) []Kind {
	switch s {
	case ofLink:
		return []Kind{Slow, Lossy, Mute, Deaf, Cut, Refused, Silent, Late, Duplicated, Reordered, Breaking, Unwatched}
	case ofProcess:
		return []Kind{Paused, Suspended, Jumped, Crashed, Stopped, StepsDown, Transferred}
	case ofLock:
		return []Kind{Deleted, Emptied, Edited, Stolen, Forged, Restored, Meddled}
	case ofDirectory:
		return []Kind{Restarted, Inherited, Doubled, Copied, Moved}
	case ofServer:
		return []Kind{Down, Busy, Failing, ReadOnly, Terminating, Compacted}
	}
	return nil
}

// echo is how long after its end a fault can be felt: what it has delayed is
// still under way.
func (k Kind) echo() time.Duration {
	switch k {
	case Slow:
		return 2 * longestWay
	case Late:
		return longestLag
	case Reordered:
		return longestMix
	case Busy:
		return longestRetryAfter * time.Second
	}
	return 0
}

const (
	longestWay = 3 * time.Second // of a request or an answer
	longestLag = 5 * time.Second // of a watch
	longestMix = 2 * time.Second

	longestRetryAfter = 3 // seconds
)

func (k Kind) scope() scope {
	for s := ofLink; s < ofServer; s++ {
		if slices.Contains(ofScope(s), k) {
			return s
		}
	}
	return ofServer
}
