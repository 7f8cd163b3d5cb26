package window

import "fmt"

// Index is the number of an endpoint within its service.
type Index uint16

const (
	// None is no endpoint: connections are refused a place.
	None Index = 0
	// MaxIndex is the last that an endpoint can have.
	MaxIndex Index = 0x3ffe
	// OldTable stands for the endpoint that the connection's row has in the table
	// before this one, which has another size.
	OldTable Index = 0x3fff
)

// State says which rules hold for a row.
type State uint8

// The states of a row; see package model.
const (
	Stable State = iota
	Changing
	Excepted
)

func (s State) String() string {
	switch s {
	case Stable:
		return "stable"
	case Changing:
		return "changing"
	case Excepted:
		return "excepted"
	}
	return fmt.Sprintf("state %d", uint8(s))
}

// Word is all that a packet has to know of a row: the endpoint of new
// connections in bits 0 to 13, that of connections from before in bits 14 to 27,
// the state in bits 28 and 29.
type Word uint32

const (
	indexBits = 14
	indexMask = 1<<indexBits - 1
)

// MakeWord puts a word together.
func MakeWord(now, before Index, s State) Word {
	return Word(now)&indexMask | Word(before)&indexMask<<indexBits | Word(s)&3<<(2*indexBits)
}

// Now is the endpoint of new connections.
func (w Word) Now() Index { return Index(w & indexMask) }

// Before is the endpoint of a connection that is not new and has no entry. It is
// Now, unless the row is changing.
func (w Word) Before() Index { return Index(w >> indexBits & indexMask) }

// State says which rules hold for the row.
func (w Word) State() State { return State(w >> (2 * indexBits) & 3) }

func (w Word) String() string {
	return fmt.Sprintf("%v: %d, before %d", w.State(), w.Now(), w.Before())
}
