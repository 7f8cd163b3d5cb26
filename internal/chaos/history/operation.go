package history

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// Operation is one increment, as its client saw it.
type Operation struct {
	ID, Replica, Register string
	Token                 uint64
	Call                  time.Duration
	// Return is when its outcome was known; unknown: it never was.
	Return  time.Duration
	Unknown bool
	// Read is the value that was read: what it hands out if it is done.
	Read int
}

// Book is one of the register's, and what became of operations in it.
type Book struct {
	Name string
	// read is the value in this book, if it let the client read it.
	read func(Entry) (int, bool)
	// taken: the book took the write.
	taken func(Entry) bool
}

// Taken is the book that takes whatever comes.
func Taken() Book {
	return Book{
		Name:  "taken",
		read:  func(e Entry) (int, bool) { return e.Read.Taken, true },
		taken: func(e Entry) bool { return e.Outcome.Taken },
	}
}

// Guarded is the book that compares tokens.
func Guarded() Book {
	return Book{
		Name: "fenced",
		read: func(e Entry) (int, bool) {
			if e.Read.Fenced == nil {
				return 0, false
			}
			return *e.Read.Fenced, true
		},
		taken: func(e Entry) bool { return e.Outcome.Fenced },
	}
}

// Operations are those that may have changed the book, by register, each
// register's in the order of their calls.
//
// Left out are those that have changed nothing for certain: the gate or the
// book refused them, or they had not come as far as a write.
//
// Also left out are those of unknown outcome that were not done in any order
// that explains the history: each value is handed out once, so one whose value
// is that of another, known operation cannot have been. What stays unknown is
// done exactly if nobody else hands out its value. This is what keeps
// porcupine from trying every subset of the operations of killed clients.
func (b Book) Operations(entries []Entry) map[string][]Operation {
	byRegister := make(map[string][]Operation)
	for _, op := range b.collect(entries) {
		byRegister[op.Register] = append(byRegister[op.Register], op)
	}
	for name, ops := range byRegister {
		known := make(map[int]bool)
		for _, op := range ops {
			if !op.Unknown {
				known[op.Read] = true
			}
		}
		byRegister[name] = slices.DeleteFunc(ops, func(op Operation) bool { return op.Unknown && known[op.Read] })
	}
	return byRegister
}

// collect puts the entries of each operation together.
func (b Book) collect(entries []Entry) []Operation {
	open := make(map[string]*Operation)
	for _, e := range entries {
		switch e.Kind {
		case Calls:
			open[e.Op] = &Operation{ID: e.Op, Replica: e.Replica, Register: e.Register, Token: e.Token, Call: e.At, Read: notRead, Unknown: true}
		case Enters:
			op := open[e.Op]
			if op == nil || e.Read == nil {
				continue
			}
			if value, ok := b.read(e); ok {
				op.Read = value
			}
		case Returns:
			op := open[e.Op]
			switch {
			case op == nil:
			case e.Refused:
				delete(open, e.Op)
			case e.Outcome != nil && !b.taken(e):
				delete(open, e.Op)
			case e.Outcome != nil:
				op.Return, op.Unknown = e.At, false
			}
		}
	}
	maps.DeleteFunc(open, func(_ string, op *Operation) bool { return op.Read == notRead })
	ops := make([]Operation, 0, len(open))
	for _, op := range open {
		ops = append(ops, *op)
	}
	slices.SortFunc(ops, func(a, b Operation) int {
		if a.Call != b.Call {
			return int(a.Call - b.Call)
		}
		return strings.Compare(a.ID, b.ID)
	})
	return ops
}

// notRead: the register was not read, so nothing was written.
const notRead = -1
