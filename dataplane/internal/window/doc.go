// Package window keeps the rows of a service's table while its endpoints
// change: which row has which endpoint, what is prepared, and which windows are
// open (see package model for the rules). It is the half of the model's row that
// has no packets in it; who forwards packets needs no more of a row than its
// Word, which changes in one step.
//
// # Usage
//
//	table := window.New(rows, window.Times{Idle: 350 * time.Second, Prepare: 1500 * time.Millisecond})
//	for _, row := range table.Set(now, target, down) { // the endpoints changed
//		store(row, table.Word(row))
//	}
//	for _, row := range table.Advance(now, crowded, down) { // at table.Next()
//		store(row, table.Word(row))
//	}
//	for _, row := range table.Excepted() {
//		if !differs(row) && table.Settle(row) { // no entry does
//			store(row, table.Word(row))
//		}
//	}
//
// # Time
//
// There is no clock here. Who is late with Set or Advance does no harm: a change
// counts from when the words say so, and a window that stays open for longer
// costs time only.
//
// # Concurrency
//
// A Table belongs to one goroutine.
package window
