package xdp

import (
	"encoding/binary"
	"net/netip"
	"sync/atomic"
	"time"
	"unsafe"
)

// directory is a hash table in the program's memory: a key is in one of two
// buckets. The program reads it at any
// time: a key is never missing while another one is put, and what was removed is
// taken for another key only after a while (see quarantine).
type directory interface {
	put(k key, value uint32) error
	remove(k key, now time.Time)
	// reclaim makes room of what was removed long enough ago.
	reclaim(now time.Time)
	release() error
}

// tombstone is a key that no packet has.
const tombstone = ^uint64(0)

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
	b, i, err := makeRoom(d, first, second)
	if err != nil {
		return err
	}
	d.store(b, i, word, value)
	return nil
}

// store writes the value first: who finds the key finds it.
func (d *directory4) store(b, i int, word uint64, value uint32) {
	atomic.StoreUint32(&d.buckets[b].Value[i], value)
	atomic.StoreUint64(&d.buckets[b].Key[i], word)
}

func (d *directory4) slots() int { return len(d.buckets[0].Key) }

func (d *directory4) isFree(b, i int) bool { return d.buckets[b].Key[i] == 0 }

func (d *directory4) other(b, i int) (int, bool) {
	word := d.buckets[b].Key[i]
	first, second := d.homes(word)
	if first == b {
		first = second
	}
	return first, word != tombstone
}

func (d *directory4) move(b, i, toBucket, toSlot int) {
	d.store(toBucket, toSlot, d.buckets[b].Key[i], d.buckets[b].Value[i])
	atomic.StoreUint64(&d.buckets[b].Key[i], 0)
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
	b, i, err := makeRoom(d, first, second)
	if err != nil {
		return err
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

func (d *directory6) slots() int { return len(d.buckets[0].Slot) }

func (d *directory6) isFree(b, i int) bool { return d.buckets[b].Slot[i].Value == 0 }

func (d *directory6) other(b, i int) (int, bool) {
	s := d.buckets[b].Slot[i]
	first, second := d.homes(s.Address, s.Service)
	if first == b {
		first = second
	}
	return first, s.Service != ^uint32(0)
}

func (d *directory6) move(b, i, toBucket, toSlot int) {
	s := d.buckets[b].Slot[i]
	d.store(toBucket, toSlot, s.Address, s.Service, s.Value)
	d.clear(b, i)
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
