package lock_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/lock"
)

// shown is a lock of which only the record matters.
type shown struct {
	lock.Lock
	record *lock.Record // nil: it does not exist
	uid    string
}

func (s shown) String() string { return s.uid }

func (s shown) Read(context.Context) (lock.Snapshot, error) {
	if s.record == nil {
		return lock.Snapshot{}, lock.ErrNotFound
	}
	return lock.Snapshot{Record: *s.record, UID: s.uid, Version: "7"}, nil
}

// joint is what a candidate wrote to both: held, or released if holder is "".
func joint(holder string, token uint64, n int) *lock.Record {
	r := alone(holder, token, n)
	r.Joint = true
	return r
}

// alone is what a Regent wrote that uses one of them only.
func alone(holder string, token uint64, n int) *lock.Record {
	duration := 15 * time.Second
	if holder == "" {
		duration = time.Second
	}
	return &lock.Record{
		Holder: holder, Token: token, Nonce: fmt.Sprintf("n%d", n), Duration: duration, Sealed: true,
		Renewed: time.Unix(int64(n), 0), Transitions: int32(token), SealedTransitions: int32(token),
	}
}

// foreign is what client-go or kooper wrote, after a Regent's term if token is
// not 0: both leave annotations where they are.
func foreign(holder string, token uint64) *lock.Record {
	return &lock.Record{Holder: holder, Token: token, Duration: 10 * time.Second, Transitions: 9, Renewed: time.Unix(3, 0)}
}

// cgReleased is client-go's release, of a term after a Regent's.
func cgReleased(token uint64) *lock.Record {
	r := foreign("", token)
	r.Duration, r.Acquired, r.SealedTransitions = time.Second, r.Renewed, 8
	return r
}

// byHand is r with its holder removed.
func byHand(r *lock.Record) *lock.Record {
	r.Holder, r.Sealed, r.Joint = "", false, false
	return r
}

func TestTwoLocksMakeARecord(t *testing.T) {
	const free, emptied = "(free)", "(emptied)"
	for name, tc := range map[string]struct {
		a, b   *lock.Record
		holder string // or free: may be taken at once; or emptied: whoever it was may be at work
		nonce  string // of a write that its writer may recognise; "" = of none
		wait   time.Duration
	}{
		"held together":              {a: joint("x", 5, 1), b: joint("x", 5, 1), holder: "x", nonce: "n1", wait: 15 * time.Second},
		"renewed the first":          {a: joint("x", 5, 2), b: joint("x", 5, 1), holder: "x", nonce: "n1"},
		"read before and after":      {a: joint("x", 5, 1), b: joint("x", 5, 2), holder: "x", nonce: "n2"},
		"released the second":        {a: joint("x", 5, 1), b: joint("", 5, 2), holder: "x", nonce: "n1"},
		"released both":              {a: joint("", 5, 2), b: joint("", 5, 2), holder: free},
		"released both, at a second": {a: joint("", 5, 2), b: joint("", 5, 3), holder: free},

		"took the first of two that were free": {a: joint("x", 9, 3), b: joint("", 5, 2), holder: "x"},
		"took the first of two that expired":   {a: joint("x", 9, 3), b: joint("y", 5, 2), holder: "x"},
		"took the first, the other unheard of": {a: joint("x", 9, 3), holder: emptied, wait: 15 * time.Second},

		"kooper alone":                       {a: foreign("k", 0), holder: "k", wait: 10 * time.Second},
		"kooper after us":                    {a: foreign("k", 5), b: joint("x", 5, 1), holder: "k", wait: 15 * time.Second},
		"kooper after our release":           {a: foreign("k", 5), b: joint("", 5, 1), holder: "k", wait: 10 * time.Second},
		"client-go after us, released":       {a: cgReleased(5), b: joint("x", 5, 1), holder: free},
		"client-go's release, alone":         {a: cgReleased(0), holder: free},
		"kooper first, a lease beside":       {a: foreign("k", 0), b: alone("l", 7, 1), holder: "l", wait: 15 * time.Second},
		"kooper dead, a lease released":      {a: foreign("k", 0), b: alone("", 7, 1), holder: "k", wait: 10 * time.Second},
		"a lease of another after us":        {a: joint("x", 5, 1), b: alone("l", 7, 2), holder: "l", nonce: "n2"},
		"a lease, released after us":         {a: joint("x", 5, 1), b: alone("", 7, 2), holder: free},
		"a lease after our release":          {a: joint("", 5, 1), b: alone("l", 7, 2), holder: "l", nonce: "n2"},
		"a lease alone":                      {b: alone("l", 7, 2), holder: "l", nonce: "n2"},
		"a config map of another after us":   {a: alone("c", 7, 2), b: joint("x", 5, 1), holder: "c", nonce: "n2"},
		"took the first from under a lease":  {a: joint("x", 9, 3), b: alone("l", 7, 2), holder: "l"},
		"the same, given back":               {a: joint("", 9, 4), b: alone("l", 7, 2), holder: "l"},
		"given back, the other released now": {a: joint("", 9, 4), b: alone("", 7, 5), holder: free},
		"made by insert":                     {a: alone("", 0, 1), holder: free},

		"the first deleted":                {b: joint("x", 5, 1), holder: emptied, wait: 15 * time.Second},
		"the second deleted":               {a: joint("x", 5, 1), holder: emptied, wait: 15 * time.Second},
		"the first deleted, both released": {b: joint("", 5, 1), holder: emptied},
		"the first emptied":                {a: byHand(joint("x", 5, 1)), b: joint("x", 5, 1), holder: emptied, wait: 15 * time.Second},
		"the second emptied":               {a: joint("x", 5, 1), b: byHand(joint("x", 5, 1)), holder: emptied, wait: 15 * time.Second},
		"both emptied":                     {a: byHand(joint("x", 5, 1)), b: byHand(joint("x", 5, 1)), holder: emptied},
		"the first emptied, then released": {a: byHand(joint("x", 5, 1)), b: joint("", 5, 2), holder: emptied},
		"a lease emptied beside kooper":    {a: foreign("k", 0), b: byHand(alone("l", 7, 1)), holder: "k"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := lock.Join(shown{record: tc.a, uid: "a"}, shown{record: tc.b, uid: "b"})
			require.NoError(t, err)
			s, err := l.Read(t.Context())
			require.NoError(t, err)
			switch tc.holder {
			case free:
				require.True(t, s.Released(), "%+v", s.Record)
			case emptied:
				require.Empty(t, s.Holder)
				require.False(t, s.Released(), "%+v", s.Record)
			default:
				require.Equal(t, tc.holder, s.Holder)
				if tc.nonce != "" {
					require.Equal(t, tc.nonce, s.Nonce)
					require.True(t, s.Sealed)
				} else if s.Sealed {
					for _, r := range []*lock.Record{tc.a, tc.b} {
						require.False(t, r != nil && r.Nonce == s.Nonce, "its writer would take it for its own")
					}
				}
			}
			if tc.wait > 0 {
				require.Equal(t, tc.wait, s.Duration)
			}
			uid, token := "a", uint64(0)
			if tc.a == nil {
				uid = "b"
			}
			for _, r := range []*lock.Record{tc.a, tc.b} {
				if r != nil {
					token = max(token, r.Token)
				}
			}
			require.Equal(t, uid, s.UID)
			require.Equal(t, token, s.Token, "tokens rise whichever lock knows the last")
			require.False(t, s.Joint, "that is between the two")
		})
	}
}
