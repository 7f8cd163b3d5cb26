package verdict_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/demo/internal/verdict"
	"github.com/regent-ha/regent/internal/netlab/traffic"
)

// Endpoint b is killed at 10 s, noticed at 12 s, and back at 20 s.
func TestJudge(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	incidents := []verdict.Incident{{Endpoint: "b", From: at(10), Noticed: at(12), Until: at(20)}}
	for name, c := range map[string]struct {
		endpoint     string
		began, ended int
		excused      bool
	}{
		"killed":                                 {"b", 5, 10, true},
		"killed, with patience":                  {"b", 5, 20, true},
		"reset when it was back":                 {"b", 5, 29, true},
		"broken long after":                      {"b", 5, 31, false},
		"broken before":                          {"b", 5, 9, false},
		"sent there after it was noticed":        {"b", 13, 14, false},
		"another endpoint's":                     {"a", 5, 10, false},
		"refused":                                {"", 10, 10, true},
		"begun before it was killed, then stuck": {"", 9, 19, true},
		"refused before":                         {"", 9, 9, false},
		"refused after it was noticed":           {"", 13, 13, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fault := traffic.Fault{Endpoint: c.endpoint, Began: at(c.began), At: at(c.ended)}
			broken := verdict.Judge(traffic.Tally{Broken: []traffic.Fault{fault}}, incidents)
			require.Equal(t, c.excused, broken.OK())
			if c.excused {
				require.Equal(t, 1, broken.Killed+broken.Refused)
				require.Equal(t, c.endpoint == "", broken.Refused == 1)
			} else {
				require.Equal(t, []traffic.Fault{fault}, broken.Broken)
			}
			lost := verdict.Judge(traffic.Tally{Lost: []traffic.Fault{fault}}, incidents)
			require.Equal(t, c.excused, lost.OK())
			require.Equal(t, c.excused, lost.LostKilled == 1)
		})
	}
}

// A flow may leave an endpoint while that is not there.
func TestMoved(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Unix(int64(seconds), 0) }
	incidents := []verdict.Incident{{Endpoint: "b", From: at(10), Noticed: at(12), Until: at(20)}}
	for _, c := range []struct {
		endpoint string
		moved    int
		left     bool
	}{{"b", 9, false}, {"b", 10, true}, {"b", 20, true}, {"b", 21, false}, {"a", 15, false}} {
		moved := []traffic.Fault{{Endpoint: c.endpoint, At: at(c.moved)}}
		v := verdict.Judge(traffic.Tally{Moved: moved}, incidents)
		require.Equal(t, c.left, v.OK(), c)
		require.Equal(t, c.left, v.Left == 1, c)
	}
}
