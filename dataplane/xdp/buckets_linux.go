package xdp

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"
)

// directory is a hash table in the program's memory: a key is in one of two
// buckets (Pagh and Rodler, Cuckoo Hashing, 2001). The program reads it at any
// time: a key is never missing while another one is put, and what was removed is
// taken for another key only after a while (see quarantine).
type directory interface {
	put(k key, value uint32) error
	remove(k key, now time.Time)
	// reclaim makes room of what was removed long enough ago.
	reclaim(now time.Time)
	release() error
}

// grave is a slot whose key was removed.
type grave struct {
	bucket, slot int
	at           time.Time
}

// tombstone is a key that no packet has.
const tombstone = ^uint64(0)

var errFull = errors.New("too many addresses; mend: raise Capacity.Services or Capacity.Endpoints")

// key is what a packet is looked up by. Port and protocol are 0 for an address as
// such.
type key struct {
	addr     netip.Addr
	port     uint16
	protocol uint8
}

// word is the port as it is in a packet, and the protocol.
func (k key) word() uint32 {
	return uint32(networkOrder(k.port)) | uint32(k.protocol)<<16
}

// networkOrder is x as a big-endian number in memory, read in this machine's order.
func networkOrder(x uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], x)
	return binary.NativeEndian.Uint16(b[:])
}

// words are an address as the program reads it. An IPv4 address has one word.
func words(a netip.Addr) (w [4]uint32) {
	for i, b := 0, a.AsSlice(); i < len(b); i += 4 {
		w[i/4] = binary.NativeEndian.Uint32(b[i:])
	}
	return w
}

// spread is MurmurHash3's finalizer, as in bpf/lookup.h.
func spread(x uint64) uint64 {
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// How far keys are moved before the directory counts as full.
const maxMoves = 64

// directory4 is one of IPv4 addresses.
type directory4 struct {
	buckets []balanceBucket4
	graves  []grave
}

func (k key) word4() uint64 {
	return uint64(words(k.addr)[0]) | uint64(k.word())<<32
}

func (d *directory4) homes(word uint64) (first, second int) {
	h, mask := spread(word), uint64(len(d.buckets)-1)
	return int(h & mask), int(h >> 32 & mask)
}

func (d *directory4) find(word uint64) (bucket, slot int, ok bool) {
	first, second := d.homes(word)
	for _, b := range []int{first, second} {
		for i := range d.buckets[b].Key {
			if d.buckets[b].Key[i] == word {
				return b, i, true
			}
		}
	}
	return 0, 0, false
}

func (d *directory4) put(k key, value uint32) error {
	word := k.word4()
	if b, i, ok := d.find(word); ok {
		atomic.StoreUint32(&d.buckets[b].Value[i], value)
		return nil
	}
	first, second := d.homes(word)
	b, i, ok := d.room(first, maxMoves)
	if !ok {
		b, i, ok = d.room(second, maxMoves)
	}
	if !ok {
		return errFull
	}
	d.store(b, i, word, value)
	return nil
}

// store writes the value first: who finds the key finds it.
func (d *directory4) store(b, i int, word uint64, value uint32) {
	atomic.StoreUint32(&d.buckets[b].Value[i], value)
	atomic.StoreUint64(&d.buckets[b].Key[i], word)
}

// room finds a free slot in a bucket, or makes one: it moves a key to its other
// bucket, where it is for a moment twice.
func (d *directory4) room(b, moves int) (bucket, slot int, ok bool) {
	for i, word := range d.buckets[b].Key {
		if word == 0 {
			return b, i, true
		}
	}
	if moves == 0 {
		return 0, 0, false
	}
	i := moves % len(d.buckets[b].Key)
	word, value := d.buckets[b].Key[i], d.buckets[b].Value[i]
	if word == tombstone {
		return 0, 0, false
	}
	other, second := d.homes(word)
	if other == b {
		other = second
	}
	if other == b {
		return 0, 0, false
	}
	to, at, ok := d.room(other, moves-1)
	if !ok || d.buckets[b].Key[i] != word { // it was moved on the way
		return b, i, ok && d.buckets[b].Key[i] == 0
	}
	d.store(to, at, word, value)
	atomic.StoreUint64(&d.buckets[b].Key[i], 0)
	return b, i, true // its next value is not stored before the key was gone
}

func (d *directory4) remove(k key, now time.Time) {
	if b, i, ok := d.find(k.word4()); ok {
		atomic.StoreUint64(&d.buckets[b].Key[i], tombstone)
		d.graves = append(d.graves, grave{b, i, now})
	}
}

func (d *directory4) reclaim(now time.Time) {
	for len(d.graves) > 0 && now.Sub(d.graves[0].at) >= quarantine {
		atomic.StoreUint64(&d.buckets[d.graves[0].bucket].Key[d.graves[0].slot], 0)
		d.graves = d.graves[1:]
	}
}

func (d *directory4) release() error { return release(d.buckets) }

// directory6 is one of IPv6 addresses.
type directory6 struct {
	buckets []balanceBucket6
	graves  []grave
}

func (k key) words6() (address [2]uint64) {
	w := words(k.addr)
	return [2]uint64{uint64(w[0]) | uint64(w[1])<<32, uint64(w[2]) | uint64(w[3])<<32}
}

func (d *directory6) homes(address [2]uint64, service uint32) (first, second int) {
	h, mask := spread(spread(address[0]^uint64(service))+address[1]), uint64(len(d.buckets)-1)
	return int(h & mask), int(h >> 32 & mask)
}

func (d *directory6) find(address [2]uint64, service uint32) (bucket, slot int, ok bool) {
	first, second := d.homes(address, service)
	for _, b := range []int{first, second} {
		for i := range d.buckets[b].Slot {
			if s := &d.buckets[b].Slot[i]; s.Value != 0 && s.Service == service && s.Address == address {
				return b, i, true
			}
		}
	}
	return 0, 0, false
}

func (d *directory6) put(k key, value uint32) error {
	address, service := k.words6(), k.word()
	if b, i, ok := d.find(address, service); ok {
		atomic.StoreUint32(&d.buckets[b].Slot[i].Value, value)
		return nil
	}
	first, second := d.homes(address, service)
	b, i, ok := d.room(first, maxMoves)
	if !ok {
		b, i, ok = d.room(second, maxMoves)
	}
	if !ok {
		return errFull
	}
	d.store(b, i, address, service, value)
	return nil
}

// store writes the address first: the program looks at it after the last word.
func (d *directory6) store(b, i int, address [2]uint64, service, value uint32) {
	s := &d.buckets[b].Slot[i]
	atomic.StoreUint64(&s.Address[0], address[0])
	atomic.StoreUint64(&s.Address[1], address[1])
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&s.Service)), uint64(service)|uint64(value)<<32)
}

func (d *directory6) clear(b, i int) {
	atomic.StoreUint64((*uint64)(unsafe.Pointer(&d.buckets[b].Slot[i].Service)), 0)
}

func (d *directory6) room(b, moves int) (bucket, slot int, ok bool) {
	for i := range d.buckets[b].Slot {
		if d.buckets[b].Slot[i].Value == 0 {
			return b, i, true
		}
	}
	if moves == 0 {
		return 0, 0, false
	}
	i := moves % len(d.buckets[b].Slot)
	s := d.buckets[b].Slot[i]
	if s.Service == ^uint32(0) {
		return 0, 0, false
	}
	other, second := d.homes(s.Address, s.Service)
	if other == b {
		other = second
	}
	if other == b {
		return 0, 0, false
	}
	to, at, ok := d.room(other, moves-1)
	if now := d.buckets[b].Slot[i]; !ok || now != s {
		return b, i, ok && now.Value == 0
	}
	d.store(to, at, s.Address, s.Service, s.Value)
	d.clear(b, i)
	return b, i, true
}

func (d *directory6) remove(k key, now time.Time) {
	if b, i, ok := d.find(k.words6(), k.word()); ok {
		atomic.StoreUint64((*uint64)(unsafe.Pointer(&d.buckets[b].Slot[i].Service)), tombstone)
		d.graves = append(d.graves, grave{b, i, now})
	}
}

func (d *directory6) reclaim(now time.Time) {
	for len(d.graves) > 0 && now.Sub(d.graves[0].at) >= quarantine {
		d.clear(d.graves[0].bucket, d.graves[0].slot)
		d.graves = d.graves[1:]
	}
}

func (d *directory6) release() error { return release(d.buckets) }
