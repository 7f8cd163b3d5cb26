package xdp

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"sync/atomic"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/internal/window"
)

// table is a table and where the program has its rows. Services whose tables
// are the same, and change in the same way, have one.
type table struct {
	*window.Table
	first uint32 // of the rows
	users map[*service]struct{}
	stamp uint64 // of what it was made for: to find an equal one
}

// span is a table's rows as the program has them.
func (t *table) span() uint64 { return uint64(t.first) | uint64(t.Rows())<<32 }

// isDown is any user's opinion: they have the same. The table before is, if some
// of its connections would begin at an endpoint that is.
func (t *table) isDown(i window.Index) bool {
	for s := range t.users {
		if i == window.OldTable {
			return s.old != nil && slices.ContainsFunc(s.old.Words(), func(w window.Word) bool { return s.isDown(w.Now()) })
		}
		return s.isDown(i)
	}
	return false
}

// wish is the table that a service is to have.
type wish struct {
	service *service
	target  []window.Index
	stamp   uint64
}

// wishOf spreads a service's endpoints over the rows of its table. Equal services
// share the work, by way of done.
func (f *Forwarder) wishOf(s *service, done map[uint64][]window.Index) wish {
	size := dataplane.TableSize(len(s.cfg.Endpoints))
	if s.table != nil && (size < s.table.Rows() || s.old != nil) {
		size = s.table.Rows() // a table grows only, and one size after another
	}
	stamp := s.stamp(size, f.times(s.cfg))
	if target, ok := done[stamp]; ok {
		return wish{s, target, stamp}
	}
	made := dataplane.NewTable(s.seed, s.cfg.Endpoints, size)
	indexes := make([]window.Index, len(made.Endpoints))
	for i, e := range made.Endpoints {
		indexes[i] = s.index(e)
	}
	target := make([]window.Index, size)
	for row, i := range made.Rows {
		target[row] = indexes[i]
	}
	done[stamp] = target
	return wish{s, target, stamp}
}

// stamp is a digest of all that a service's table is made of.
func (s *service) stamp(size int, times window.Times) uint64 {
	h := fnv.New64a()
	b := binary.NativeEndian.AppendUint64(nil, s.seed)
	b = binary.NativeEndian.AppendUint64(b, uint64(size))
	b = binary.NativeEndian.AppendUint64(b, uint64(times.Idle))
	if s.isWindowed() {
		b = append(b, 1)
	}
	for i, p := range s.places {
		if p.Addr.IsValid() {
			b = binary.NativeEndian.AppendUint32(b, uint32(i))
			b = append(b, p.Addr.AsSlice()...)
			b = binary.NativeEndian.AppendUint16(b, p.Port)
			b = binary.NativeEndian.AppendUint16(b, uint16(p.Weight))
			if p.Down {
				b = append(b, 1)
			}
		}
	}
	h.Write(b)
	return h.Sum64()
}

// cohort are services that had one table, and are to have another one.
type cohort struct {
	from *table
	wish
	members []*service
}

// cohorts puts wishes together that can be fulfilled by one table.
func cohorts(wishes []wish) []*cohort {
	type sort struct {
		from  *table
		stamp uint64
	}
	var all []*cohort
	known := make(map[sort]*cohort)
	for _, w := range wishes {
		k := sort{w.service.table, w.stamp}
		c, ok := known[k]
		if !ok {
			c = &cohort{from: k.from, wish: w}
			known[k] = c
			all = append(all, c)
		}
		c.members = append(c.members, w.service)
	}
	return all
}

// fulfil gives the members of a cohort the table that they wish.
func (f *Forwarder) fulfil(c *cohort, now time.Time) error {
	s := c.service
	switch {
	case c.from == nil || !s.isWindowed():
		if t := f.equal(c); t != nil {
			f.give(c, t, nil, now)
			return nil
		}
		t, err := f.newTable(window.New(c.target, f.times(s.cfg)), c, now)
		if err != nil {
			return err
		}
		f.give(c, t, nil, now)
	case len(c.target) != c.from.Rows():
		t, err := f.newTable(window.NewResized(c.target, f.times(s.cfg), now), c, now)
		if err != nil {
			return err
		}
		f.give(c, t, c.from, now)
		f.store(t, t.Advance(now, f.crowded(now), t.isDown)) // at once, if an endpoint is down
	case len(c.members) == len(c.from.users):
		f.alter(c.from)
		c.from.Retime(f.times(s.cfg))
		f.store(c.from, c.from.Set(now, c.target, s.isDown))
	default:
		changed := c.from.Clone()
		changed.Retime(f.times(s.cfg))
		changed.Set(now, c.target, s.isDown)
		t, err := f.newTable(changed, c, now)
		if err != nil {
			return err
		}
		f.give(c, t, s.old, now)
	}
	return nil
}

// alter takes note that a table is not what it was made for any more.
func (f *Forwarder) alter(t *table) {
	if f.made[t.stamp] == t {
		delete(f.made, t.stamp)
	}
}

// equal finds a table that was made for the same.
func (f *Forwarder) equal(c *cohort) *table {
	return f.made[c.stamp]
}

func (f *Forwarder) newTable(w *window.Table, c *cohort, now time.Time) (*table, error) {
	n := roomFor(w.Rows())
	first, ok := f.rowRoom.take(n, now)
	if !ok {
		return nil, fmt.Errorf("no room for a table of %d rows; mend: raise Capacity.Rows (%d)", w.Rows(), f.cfg.Capacity.Rows)
	}
	t := &table{Table: w, first: first, users: make(map[*service]struct{})}
	if c.from == nil || !c.service.isWindowed() {
		t.stamp = c.stamp
		f.made[t.stamp] = t
	}
	for row, word := range w.Words() {
		f.rows[first+uint32(row)] = uint32(word)
	}
	f.tables[t] = struct{}{}
	return t, nil
}

// roomFor so many rows: two share a word of the program's map.
func roomFor(rows int) uint32 { return uint32(rows+1) &^ 1 }

// give makes t the table of a cohort's members: for the program in one step for
// each of them.
func (f *Forwarder) give(c *cohort, t, old *table, now time.Time) {
	for _, s := range c.members {
		before, beforeOld := s.table, s.old
		s.table, s.old = t, old
		t.users[s] = struct{}{}
		r := &f.services[s.number]
		if old != nil {
			old.users[s] = struct{}{}
			atomic.StoreUint64(&r.OldRows, old.span())
		}
		atomic.StoreUint64(&r.Rows, t.span())
		for _, o := range []*table{before, beforeOld} {
			if o != nil && o != t && o != old {
				f.leave(s, o, now)
			}
		}
	}
}

// leave ends a service's use of a table.
func (f *Forwarder) leave(s *service, t *table, now time.Time) {
	delete(t.users, s)
	if len(t.users) == 0 {
		delete(f.tables, t)
		f.alter(t)
		f.rowRoom.give(t.first, roomFor(t.Rows()), now)
	}
}

// store tells the program of changed rows.
func (f *Forwarder) store(t *table, rows []int) {
	for _, row := range rows {
		atomic.StoreUint32(&f.rows[t.first+uint32(row)], uint32(t.Word(row)))
	}
}

// advance commits what is prepared for long enough, and closes windows.
func (f *Forwarder) advance() {
	now := f.clock()
	crowded := f.crowded(now)
	for t := range f.tables {
		if t.Next().IsZero() {
			continue
		}
		f.store(t, t.Advance(now, crowded, t.isDown))
	}
	for t := range f.tables {
		if !t.hasPast() || t.Uses(window.OldTable) {
			continue
		}
		for s := range t.users {
			if s.table == t && s.old != nil {
				old := s.old
				s.old = nil
				f.leave(s, old, now)
			}
		}
	}
}

// hasPast: it took over from a table of another size, for some of its users.
func (t *table) hasPast() bool {
	for s := range t.users {
		if s.table == t && s.old != nil {
			return true
		}
	}
	return false
}

// nextCommit is when something that is prepared can be committed.
func (f *Forwarder) nextCommit() (next time.Time, pending bool) {
	for t := range f.tables {
		if t.Pending() {
			if at := t.Next(); !pending || at.Before(next) {
				next, pending = at, true
			}
		}
	}
	return next, pending
}

// crowded is when a connection last found no room, or the zero time.
func (f *Forwarder) crowded(now time.Time) time.Time {
	stamp := atomic.LoadUint32(&f.globals[0].Crowded)
	if stamp == 0 {
		return time.Time{}
	}
	return now.Add(-time.Duration(uint32(now.UnixMilli())-stamp) * time.Millisecond)
}
