package dataplane

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"slices"
)

// rowsEach is how many rows an endpoint of mean weight gets at least: with so
// many, shares are off by less than a hundredth (NSDI 2016, section 5.3).
const rowsEach = 100

// Table says which endpoint each row belongs to.
type Table struct {
	// Endpoints are those that get new connections, in the order of their
	// addresses. Empty: there are none.
	Endpoints []Endpoint
	// Rows are indexes of Endpoints; its length is a prime, or 0 if there are none.
	Rows []uint16
}

// NewTable spreads rows, a prime number of them such as TableSize gives, over
// the endpoints that are up and have a weight. The order in which they come does
// not matter. They have been validated.
func NewTable(seed uint64, endpoints []Endpoint, rows int) Table {
	var t Table
	heaviest := 0
	for _, e := range endpoints {
		if e.Weight > 0 && !e.Down {
			t.Endpoints = append(t.Endpoints, e)
			heaviest = max(heaviest, e.Weight)
		}
	}
	if len(t.Endpoints) == 0 {
		return t
	}
	slices.SortFunc(t.Endpoints, func(a, b Endpoint) int {
		return cmp.Or(a.Addr.Compare(b.Addr), cmp.Compare(a.Port, b.Port))
	})
	t.fill(seed, rows, heaviest)
	return t
}

// TableSize is how many rows a table has for so many endpoints, those that are
// down or drain included: whoever comes and goes should not change it.
func TableSize(endpoints int) int {
	sizes := []int{1021, 4093, 16381, 65521} // primes, each about four times the one before
	for _, s := range sizes {
		if s >= rowsEach*endpoints {
			return s
		}
	}
	return sizes[len(sizes)-1]
}

// fill lets the endpoints take turns, in each of which one takes the first free
// row of its own order. An endpoint gets as many turns as its weight is of the
// heaviest one's.
func (t *Table) fill(seed uint64, rows, heaviest int) {
	const free = ^uint16(0)
	t.Rows = slices.Repeat([]uint16{free}, rows)
	orders := make([]order, len(t.Endpoints))
	for i, e := range t.Endpoints {
		orders[i] = orderOf(seed, e, rows)
	}
	turns := make([]int, len(t.Endpoints)) // in units of 1/heaviest
	for left := rows; ; {
		for i, e := range t.Endpoints {
			if turns[i] += e.Weight; turns[i] < heaviest {
				continue
			}
			turns[i] -= heaviest
			row := orders[i].next()
			for t.Rows[row] != free {
				row = orders[i].next()
			}
			t.Rows[row] = uint16(i)
			if left--; left == 0 {
				return
			}
		}
	}
}

// order is the order in which one endpoint would like the rows: a permutation,
// since their number is a prime.
type order struct{ at, skip, rows int }

func orderOf(seed uint64, e Endpoint, rows int) order {
	key := binary.BigEndian.AppendUint64(nil, seed)
	key = append(key, e.Addr.AsSlice()...)
	key = binary.BigEndian.AppendUint16(key, e.Port)
	hash := sha256.Sum256(key)
	return order{
		at:   int(binary.BigEndian.Uint64(hash[:]) % uint64(rows)),
		skip: int(binary.BigEndian.Uint64(hash[8:])%uint64(rows-1)) + 1,
		rows: rows,
	}
}

func (o *order) next() int {
	row := o.at
	o.at = (o.at + o.skip) % o.rows
	return row
}
