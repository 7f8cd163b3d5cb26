package lock

import "cmp"

// together is the record that two locks make, at least one of which exists.
// Held means: nobody may take them before it has expired.
func together(a, b half) Record {
	var r Record
	switch {
	case !a.exists || !b.exists:
		only := a
		if !a.exists {
			only = b
		}
		r = only.Record
		if r.Joint {
			r = emptied(r) // the other one is gone
		}
	default:
		r = both(a.Record, b.Record)
	}
	r.Joint, r.Token = false, max(a.Token, b.Token)
	r.Problem = cmp.Or(a.Problem, b.Problem)
	if b.exists && len(b.Candidates) > 0 {
		r.Candidates = b.Candidates
	} else {
		r.Candidates = a.Candidates
	}
	return r
}

// both: a was written before b, and is released after it.
func both(a, b Record) Record {
	if a.Joint && b.Joint && a.Token == b.Token && (a.Holder == b.Holder || a.Holder == "" || b.Holder == "") {
		// Of one term. What one of them does not know yet has not happened.
		if b.Holder == "" && a.Holder != "" {
			return a // b is released, a is about to be
		}
		return b // a is renewed, b is about to be; or both are as they should
	}
	switch {
	case outdated(a, b):
		return b
	case outdated(b, a):
		return a
	case a.Released() && b.Released():
		if !a.Sealed {
			return a
		}
		return b
	case a.Holder == "" && b.Holder == "":
		if a.Released() {
			a = b
		}
		return emptied(a)
	case a.Holder == "":
		return halfHeld(b, a)
	case b.Holder == "":
		return halfHeld(a, b)
	}
	r := a
	if b.Token > a.Token && a.Joint == b.Joint || a.Joint && !b.Joint {
		r = b
	}
	return torn(r, a, b)
}

// outdated: r was held, or released, together with the record that o has
// replaced, so it says nothing any more. What is taken by a candidate that
// wants both is no replacement before it has both.
func outdated(r, o Record) bool {
	if !r.Joint || o.Joint {
		return false
	}
	return o.Token > r.Token || !o.Sealed && o.Released()
}

// halfHeld: one is held and the other is not.
func halfHeld(held, other Record) Record {
	if held.Joint && !other.Released() {
		return emptied(held) // other was emptied by hand
	}
	return torn(held, held, other)
}

// torn is r, which may be held, but not as whoever wrote it means it: with a
// nonce that no write has.
func torn(r, a, b Record) Record {
	r.Nonce = a.Nonce + "|" + b.Nonce
	r.Sealed = a.Sealed && b.Sealed
	r.Transitions = max(a.Transitions, b.Transitions)
	for _, o := range []Record{a, b} {
		if o.Holder != "" {
			r.Duration = max(r.Duration, o.Duration)
		}
	}
	r.Successor = ""
	return r
}

// emptied is r without its holder, as if a hand had removed it: whoever it was
// may still be at work.
func emptied(r Record) Record {
	if r.Holder == "" {
		r.Duration = 0 // that of a release says nothing
	}
	r.Holder, r.Nonce, r.Successor, r.Sealed = "", "", "", false
	return r
}
