package probe

import "time"

// State is what is thought of a target.
type State uint8

// The states of a target.
const (
	// Unknown: there have not been enough checks yet.
	Unknown State = iota
	// Up: it is well.
	Up
	// Down: it is not, or it is held, see [Damping].
	Down
)

func (s State) String() string { return [...]string{"unknown", "up", "down"}[min(s, Down)] }

// MarshalText is String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// verdict makes a state of results. It has no clock.
type verdict struct {
	state   State
	checked State // what the state would be without damping
	against int   // how many results in a row contradict checked
	penalty penalty
	held    bool
}

// result takes in that of a check.
func (v *verdict) result(well bool, now time.Time, t Target, d Damping) {
	switch {
	case well == (v.checked == Up) && v.checked != Unknown:
		v.against = 0
	case v.checked == Unknown && well:
		// Whoever starts needs endpoints, so the first answer is enough.
		v.turn(Up)
	case !well:
		if v.against++; v.against >= t.Fall {
			if v.checked == Up && !d.Off {
				v.penalty.grow(now, d)
				v.held = v.held || v.penalty.value >= d.Suppress
			}
			v.turn(Down)
		}
	default:
		if v.against++; v.against >= t.Rise {
			v.turn(Up)
		}
	}
	if v.held && v.penalty.now(now, d) < d.Reuse {
		v.held = false
	}
	if v.state = v.checked; v.held {
		v.state = Down
	}
}

func (v *verdict) turn(to State) { v.checked, v.against = to, 0 }

// waits: it is only held.
func (v *verdict) waits() bool { return v.held && v.checked == Up }

// release ends the hold.
func (v *verdict) release() { v.held, v.state = false, v.checked }
