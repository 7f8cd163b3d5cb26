package audit_test

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/chaos/audit"
	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/chaos/plan"
	"github.com/regent-ha/regent/internal/chaos/register"
)

// at makes an entry, in milliseconds.
func at(ms int, replica string, token uint64, kind history.Kind) history.Entry {
	return history.Entry{At: time.Duration(ms) * time.Millisecond, Replica: replica, Token: token, Kind: kind, Cause: "deadline"}
}

// sent is a write to the lock that was answered at once.
func sent(ms int, replica string) history.Entry {
	e := at(ms, replica, 0, history.Requested)
	e.Sent = e.At
	return e
}

// lost is one whose answer did not come.
func lost(ms int, replica string) history.Entry {
	e := sent(ms, replica)
	e.Error = "EOF"
	return e
}

// stored is a version of the lock that was seen, blind a time without.
func stored(ms int, replica string) history.Entry {
	e := at(ms+20, replica, 0, history.Stored)
	e.Sent = time.Duration(ms) * time.Millisecond
	return e
}

// seen is an entry that was written later.
func seen(ms int, e history.Entry) history.Entry {
	e.At = time.Duration(ms) * time.Millisecond
	return e
}

func blind(from, to int) history.Entry {
	e := at(to, "", 0, history.Blind)
	e.Sent = time.Duration(from) * time.Millisecond
	return e
}

// term is a whole one of a, which obeys: deadline at 2000, lease until 3000.
func term() []history.Entry {
	return []history.Entry{
		sent(0, "a"), at(10, "a", 5, history.Leads), at(2005, "a", 5, history.Cancelled), at(2040, "a", 5, history.Drained),
	}
}

func next(ms int) []history.Entry {
	return []history.Entry{sent(ms, "b"), at(ms, "b", 7, history.Leads), at(ms+1000, "b", 7, history.Cancelled), at(ms+1001, "b", 7, history.Drained)}
}

func TestRun(t *testing.T) {
	t.Parallel()
	stop := func(from, to int) []history.Entry {
		return []history.Entry{at(from, "a", 0, history.Stopped), at(to, "a", 0, history.Continued)}
	}
	stale := func(told, end int) []history.Entry {
		return []history.Entry{sent(0, "a"), at(10, "a", 5, history.Leads), at(told, "a", 5, history.Cancelled), at(end, "a", 5, history.Drained)}
	}
	for _, tc := range []struct {
		name    string
		entries [][]history.Entry
		says    string // "": no violation
		check   func(*testing.T, audit.Report)
	}{
		{"one after another", [][]history.Entry{term(), next(3000)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 5*time.Millisecond, r.Late)
			require.Equal(t, map[string]int{"deadline": 2}, r.Ends())
		}},
		{"two at work", [][]history.Entry{term(), next(2030)}, "two at work", nil},
		{"two at work, nobody told", [][]history.Entry{{sent(0, "a"), at(10, "a", 5, history.Leads)}, next(1500)}, "two at work", nil},
		{"a token falls", [][]history.Entry{next(0), stale4(3000)}, "after b with token 7", nil},
		{"a token twice", [][]history.Entry{term(), {sent(3000, "b"), at(3000, "b", 5, history.Leads), at(3100, "b", 5, history.Drained)}}, "with token 5", nil},
		{"told too late", [][]history.Entry{stale(2900, 2910)}, "told to stop at 2.9s", nil},
		{"told a little late", [][]history.Entry{stale(2400, 2410)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 400*time.Millisecond, r.Late)
		}},
		{"renewed meanwhile", [][]history.Entry{{sent(1000, "a")}, stale(2900, 2910)}, "", nil},
		{"not renewed, as far as it knew", [][]history.Entry{{lost(1000, "a")}, stale(2900, 2910)}, "told to stop at 2.9s", nil},
		{"renewed, as it turned out", [][]history.Entry{{lost(1000, "a"), stored(999, "a")}, stale(2900, 2910)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 1, r.Recognised)
		}},
		{"renewed, as it turned out later", [][]history.Entry{{lost(1000, "a"), seen(3100, stored(1000, "a"))}, stale(2900, 2910)}, "told to stop at 2.9s", nil},
		{"answered later", [][]history.Entry{{seen(4000, sent(1000, "a"))}, stale(2900, 2910)}, "told to stop at 2.9s", nil},
		{"renewed by another", [][]history.Entry{{lost(1000, "a"), stored(999, "b")}, stale(2900, 2910)}, "told to stop at 2.9s", nil},
		{"renewed, maybe", [][]history.Entry{{lost(1000, "a"), blind(500, 1500)}, stale(2900, 2910)}, "", nil},
		{"not seen at another time", [][]history.Entry{{lost(1000, "a"), blind(1500, 2500)}, stale(2900, 2910)}, "told to stop at 2.9s", nil},
		{"led without a lock", [][]history.Entry{{at(10, "a", 5, history.Leads), at(20, "a", 5, history.Drained)}}, "no write to the lock", nil},
		{"killed, and succeeded", [][]history.Entry{{sent(0, "a"), at(10, "a", 5, history.Leads), at(1000, "a", 0, history.Killed)}, next(3000)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 1, r.Ends()["the process was killed"])
		}},
		{"stopped past the lease", [][]history.Entry{stop(500, 4000), stale(4003, 4050), next(3000)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 1, r.OverStopped)
			require.Equal(t, 3*time.Millisecond, r.Noticed)
		}},
		{"stopped for a moment, and succeeded while it leads", [][]history.Entry{stop(500, 800), term(), next(1500)}, "two at work", nil},
		{"overran, and succeeded before its lease ran out", [][]history.Entry{{
			sent(0, "lingers"), at(10, "lingers", 5, history.Leads), at(2000, "lingers", 5, history.Cancelled), at(2100, "lingers", 5, history.Fenced), at(3500, "lingers", 5, history.Drained),
		}, next(2800)}, "two at work", nil},
		{"stopped again as soon as it went on", [][]history.Entry{stop(500, 2100), stop(2101, 4000), stale(4003, 4050), next(3000)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 1, r.OverStopped)
			require.Equal(t, 4*time.Millisecond, r.Noticed)
		}},
		{"stopped again when it had noticed", [][]history.Entry{stop(500, 4000), stale(4003, 4050), next(3000), stop(4010, 4040)}, "", func(t *testing.T, r audit.Report) {
			require.Equal(t, 3*time.Millisecond, r.Noticed)
		}},
		{"stopped, and does not notice", [][]history.Entry{stop(500, 4000), stale(6000, 6010), next(3000)}, "told to stop at 6s", nil},
		{"stopped, and went on for long before the other", [][]history.Entry{stop(500, 1000), stale(3500, 3510), next(3000)}, "two at work", nil},
		{"stopped between its election and its work", [][]history.Entry{next(3000), stop(20, 3500), {
			sent(0, "a"), at(3501, "a", 5, history.Leads), at(3502, "a", 5, history.Cancelled), at(3503, "a", 5, history.Drained),
		}}, "", func(t *testing.T, r audit.Report) { require.Equal(t, 1, r.OverStopped) }},
		{"overran, after OnFence", [][]history.Entry{{
			sent(0, "lingers"), at(10, "lingers", 5, history.Leads), at(2000, "lingers", 5, history.Cancelled), at(2850, "lingers", 5, history.Fenced), at(3500, "lingers", 5, history.Drained),
		}, next(3000)}, "", func(t *testing.T, r audit.Report) { require.Equal(t, 1, r.Overran) }},
		{"overran, and no OnFence", [][]history.Entry{{
			sent(0, "lingers"), at(10, "lingers", 5, history.Leads), at(2000, "lingers", 5, history.Cancelled), at(3500, "lingers", 5, history.Drained),
		}, next(3000)}, "two at work", nil},
		{"overran, though it should not", [][]history.Entry{{at(2850, "a", 5, history.Fenced)}, stale(2000, 3500), next(3000)}, "two at work", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			r := audit.Run(config(), sorted(tc.entries...), nil)
			if tc.says == "" {
				require.Empty(t, r.Violations)
			} else {
				require.Contains(t, strings.Join(r.Violations, "\n"), tc.says)
			}
			if tc.check != nil {
				tc.check(t, r)
			}
		})
	}
}

// stale4 is a term with a lower token than others have.
func stale4(ms int) []history.Entry {
	return []history.Entry{sent(ms, "a"), at(ms, "a", 4, history.Leads), at(ms+100, "a", 4, history.Drained)}
}

func config() audit.Config {
	return audit.Config{
		Timings: plan.Timings{Lease: 3 * time.Second, Renew: 2 * time.Second, Retry: 500 * time.Millisecond},
		Linger:  map[string]time.Duration{"lingers": 2 * time.Second}, Gate: true, End: 10 * time.Second,
	}
}

func sorted(parts ...[]history.Entry) []history.Entry {
	all := slices.Concat(parts...)
	slices.SortStableFunc(all, func(a, b history.Entry) int { return cmp.Compare(a.At, b.At) })
	return all
}

func TestWrites(t *testing.T) {
	t.Parallel()
	enters := func(ms int) history.Entry {
		e := at(ms, "a", 5, history.Enters)
		e.Op = "op"
		return e
	}
	came := func(ms int, highest uint64) []register.Arrival {
		return []register.Arrival{{At: time.Duration(ms) * time.Millisecond, Op: "op", Token: 5, Highest: highest}}
	}
	for _, tc := range []struct {
		name          string
		entries       []history.Entry
		arrivals      []register.Arrival
		stale, behind int
		says          string
	}{
		{"in its term", []history.Entry{enters(100)}, came(101, 5), 0, 0, ""},
		{"on its way for long", []history.Entry{enters(100)}, came(3500, 7), 1, 0, ""},
		{"late, and refused", []history.Entry{enters(3200)}, nil, 0, 0, ""},
		{"past its deadline", []history.Entry{enters(2300)}, came(2301, 5), 0, 0, "past its deadline"},
		{"renewed while it drains", []history.Entry{sent(1000, "a"), enters(2300)}, came(2301, 5), 0, 0, ""},
		{"renewed, as it turned out", []history.Entry{lost(1000, "a"), stored(1000, "a"), enters(2300)}, came(2301, 5), 0, 0, ""},
		{"late, and not refused", []history.Entry{sent(2000, "a"), enters(3200)}, came(3201, 7), 1, 1, "entered the gate at 3.2s, after the work of b"},
		{"not written down", nil, came(100, 5), 0, 0, "has not written it down"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			entries := sorted(term(), next(3000), tc.entries)
			r := audit.Run(config(), entries, tc.arrivals)
			require.Equal(t, tc.stale, r.Stale)
			require.Equal(t, tc.behind, r.Behind)
			if tc.says == "" {
				require.Empty(t, r.Violations)
				return
			}
			require.Len(t, r.Violations, 1)
			require.Contains(t, r.Violations[0], tc.says)
			c := config()
			c.Gate = false
			if tc.name != "not written down" {
				require.Empty(t, audit.Run(c, entries, tc.arrivals).Violations, "without a gate it is counted only")
			}
		})
	}
}
