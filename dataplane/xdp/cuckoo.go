package xdp

import (
	"errors"
	"time"
)

var errFull = errors.New("too many addresses; mend: raise Capacity.Services or Capacity.Endpoints")

// maxSearch is how many buckets are looked at before a directory counts as full.
const maxSearch = 1000

// nest is a hash table each of whose keys is in one of two buckets (Pagh and
// Rodler, Cuckoo Hashing, 2001).
type nest interface {
	slots() int // of a bucket
	isFree(bucket, slot int) bool
	// other is the other bucket of the key in a slot; false: it cannot be moved.
	other(bucket, slot int) (int, bool)
	// move puts the key of one slot into another one, where it is found from then
	// on, and then frees its slot.
	move(bucket, slot, toBucket, toSlot int)
}

// step is a bucket that the search came to: by moving a slot of the bucket before.
type step struct {
	bucket       int
	parent, slot int
}

// makeRoom finds a free slot in one of two buckets, if need be by moving as few
// keys as can be. The last key is moved first, so that each has where to go.
func makeRoom(n nest, first, second int) (bucket, slot int, err error) {
	steps := []step{{first, -1, 0}, {second, -1, 0}}
	seen := map[int]bool{first: true, second: true}
	for at := 0; at < len(steps) && at < maxSearch; at++ {
		for i := range n.slots() {
			if n.isFree(steps[at].bucket, i) {
				bucket, slot = unwind(n, steps, at, i)
				return bucket, slot, nil
			}
		}
		for i := range n.slots() {
			if next, ok := n.other(steps[at].bucket, i); ok && !seen[next] {
				seen[next] = true
				steps = append(steps, step{next, at, i})
			}
		}
	}
	return 0, 0, errFull
}

func unwind(n nest, steps []step, at, free int) (bucket, slot int) {
	bucket, slot = steps[at].bucket, free
	for s := steps[at]; s.parent >= 0; s = steps[s.parent] {
		from := steps[s.parent].bucket
		n.move(from, s.slot, bucket, slot)
		bucket, slot = from, s.slot
	}
	return bucket, slot
}

// grave is a slot whose key was removed.
type grave struct {
	bucket, slot int
	at           time.Time
}
