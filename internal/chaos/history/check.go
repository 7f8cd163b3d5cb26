package history

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// Verdict is what porcupine says of one book.
type Verdict struct {
	Book       string
	Operations int
	Unknown    int // operations of unknown outcome among them
	// Result is Illegal if a register's history is, else Unknown if porcupine
	// did not end in time, else Ok.
	Result porcupine.CheckResult
	// Illegal are the registers whose histories are.
	Illegal []string
	Took    time.Duration
}

// Check has porcupine check each register of a book, within a time each.
func (b Book) Check(entries []Entry, within time.Duration) Verdict {
	began := time.Now()
	v := Verdict{Book: b.Name, Result: porcupine.Ok}
	byRegister := b.Operations(entries)
	for _, name := range slices.Sorted(maps.Keys(byRegister)) {
		ops := byRegister[name]
		v.Operations += len(ops)
		for _, op := range ops {
			if op.Unknown {
				v.Unknown++
			}
		}
		switch porcupine.CheckOperationsTimeout(model(0), porcupines(ops), within) {
		case porcupine.Illegal:
			v.Result = porcupine.Illegal
			v.Illegal = append(v.Illegal, name)
		case porcupine.Unknown:
			if v.Result == porcupine.Ok {
				v.Result = porcupine.Unknown
			}
		case porcupine.Ok:
		}
	}
	v.Took = time.Since(began)
	return v
}

// model is a register that starts with a value.
func model(first int) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return first },
		Step: func(state, input, _ any) (bool, any) {
			value, ok := state.(int)
			op, isOp := input.(Operation)
			switch {
			case !ok || !isOp:
				return false, state
			case op.Read == value:
				return true, value + 1
			case op.Unknown && op.Read < value:
				return true, value // it was not done: another handed out its value
			default:
				return false, state
			}
		},
		DescribeOperation: func(input, _ any) string {
			op, ok := input.(Operation)
			switch {
			case !ok:
				return ""
			case op.Unknown:
				return fmt.Sprintf("%s, token %d: %d, outcome unknown", op.Register, op.Token, op.Read)
			default:
				return fmt.Sprintf("%s, token %d: %d", op.Register, op.Token, op.Read)
			}
		},
		DescribeState: func(state any) string { return fmt.Sprint(state) },
	}
}

// porcupines are operations as porcupine wants them. One of unknown outcome may
// be done at any later time.
func porcupines(ops []Operation) []porcupine.Operation {
	clients := make(map[string]int)
	var all []porcupine.Operation
	for _, op := range ops {
		if _, ok := clients[op.Replica]; !ok {
			clients[op.Replica] = len(clients)
		}
		returned := int64(op.Return)
		if op.Unknown {
			returned = math.MaxInt64
		}
		all = append(all, porcupine.Operation{
			ClientId: clients[op.Replica], Input: op, Output: op.Read, Call: int64(op.Call), Return: returned,
		})
	}
	return all
}
