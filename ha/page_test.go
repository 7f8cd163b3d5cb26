package ha_test

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

var update = flag.Bool("update", false, "write the golden files of testdata")

// many are as many candidates as a lock keeps.
func many(now time.Time) []leaderelection.Candidate {
	var all []leaderelection.Candidate
	for i := range 64 {
		all = append(all, leaderelection.Candidate{Identity: fmt.Sprintf("pod-%02d_id", i), Pod: fmt.Sprintf("pod-%02d", i), Since: now.Add(-time.Duration(i) * time.Minute)})
	}
	return all
}

// hostile are names, times and errors as whoever may write a Lease can choose
// them.
func hostile(s *ha.Status) {
	long := strings.Repeat("w", 2000)
	e := *s.Election
	s.Election = &e
	s.Name = "<script>alert(0)</script>"
	e.Holder = "\u202e<script>alert(1)</script>\"'>\x00" + long
	e.Lock = "lease \u2066a/b\xff\xfe"
	e.Phase = "standby"
	e.Acquired = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -23*3600)) // JSON has no words for it in UTC
	e.Err = errors.New("refused </style><script>alert(2)</script>" + long)
	e.Candidates = []leaderelection.Candidate{{Identity: e.Holder, Pod: "</td><img src=x onerror=alert(3)>\u200f"}}
	s.Transitions = []ha.Transition{{Time: s.Now, Kind: "<b>", Holder: long, Reason: "<i>" + long}}
	s.Components = []ha.ComponentStatus{{Name: "{{.}}" + long, State: "<u>", Err: e.Err}}
}

func TestJSONIsAsItWas(t *testing.T) {
	t.Parallel()
	for name, s := range statuses() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := ask(t, s, http.MethodGet, "/ha.json")
			require.Equal(t, http.StatusOK, r.code)
			require.Equal(t, "application/json", r.header.Get("Content-Type"))
			got := r.body
			file := filepath.Join("testdata", "page", name+".json")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(want), got, "if that is meant: go test ./ha -run JSON -update; a field that means something else needs another PageVersion")
		})
	}
}

func TestJSONDecodesIntoPage(t *testing.T) {
	t.Parallel()
	decoder := json.NewDecoder(strings.NewReader(ask(t, statuses()["leader"], http.MethodGet, "/ha.json").body))
	decoder.DisallowUnknownFields()
	var p ha.Page
	require.NoError(t, decoder.Decode(&p))
	require.Equal(t, ha.PageVersion, p.Version)
	require.Equal(t, "This replica leads, term 4711, for 3 h 12 min.", p.Headline)
	require.InDelta(t, 7.2, *p.Election.SecondsLeft, 0)
	require.Equal(t, p.Now.Add(7200*time.Millisecond), p.Election.Deadline)
}

func TestWhoAsksForJSONGetsIt(t *testing.T) {
	t.Parallel()
	want := ask(t, statuses()["leader"], http.MethodGet, "/ha.json").body
	r := ask(t, statuses()["leader"], http.MethodGet, "/ha", "Accept", "application/json")
	require.Equal(t, "Accept", r.header.Get("Vary"))
	require.Equal(t, want, r.body)
	r = ask(t, statuses()["leader"], http.MethodGet, "/ha", "Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8")
	require.Equal(t, "Accept", r.header.Get("Vary"))
	require.Equal(t, "text/html; charset=utf-8", r.header.Get("Content-Type"))
}

func TestHeadlineSaysWhatIsTheCase(t *testing.T) {
	t.Parallel()
	all := statuses()
	change := func(name string, f func(*ha.Status)) ha.Status {
		s := all[name]
		if s.Election != nil {
			e := *s.Election
			s.Election = &e
		}
		f(&s)
		return s
	}
	for want, s := range map[string]ha.Status{
		"This replica leads, term 4711, for 3 h 12 min.":                                                   all["leader"],
		"pod-b leads; this replica is ready to take over.":                                                 all["non-leader"],
		"Nobody leads; this replica is ready to take over.":                                                all["nobody-leads"],
		"This replica gives up the lead; its work has not returned yet.":                                   all["overrun"],
		"This replica leads, without an election, for 5 h.":                                                all["plain"],
		"pod-b leads; this replica is not ready to take over.":                                             all["not-ready"],
		"This replica is shutting down; the work of term 4711 has not returned yet.":                       all["shutting-down"],
		"pod-b led when the lock was seen last; this replica could not take over.":                         all["cut-off"],
		"pod-b leads; this replica is shutting down.":                                                      change("non-leader", func(s *ha.Status) { s.ShuttingDown = errors.New("x") }),
		"Nobody leads; this replica is not ready to take over.":                                            change("nobody-leads", func(s *ha.Status) { s.Ready = errors.New("x") }),
		"Nobody leads: the lock still names this replica, from an earlier term.":                           change("non-leader", func(s *ha.Status) { s.Election.Holder = podA }),
		"The lock still names this replica, from an earlier term; this replica is not ready to take over.": change("non-leader", func(s *ha.Status) { s.Election.Holder, s.Ready = podA, errors.New("x") }),
		"Who leads is not known; this replica does not campaign.":                                          change("nobody-leads", func(s *ha.Status) { s.Election.Phase = "idle" }),
		"Who leads is not known; this replica is not ready to take over.":                                  change("nobody-leads", func(s *ha.Status) { s.Election.Phase, s.Ready = "idle", errors.New("x") }),
		"This replica releases the lock of term 4711.":                                                     change("leader", func(s *ha.Status) { s.Election.Phase = "releasing" }),
		"This replica leads, term 4711, for 3 h 12 min, and is not ready.":                                 change("leader", func(s *ha.Status) { s.Ready = errors.New("x") }),
		"This replica leads, term 4711, for 3 h 12 min, but its requests to the API server fail.":          change("leader", func(s *ha.Status) { s.Election.Err = errors.New("x") }),
		"This replica will lead, without an election, once it is ready.":                                   change("plain", func(s *ha.Status) { s.Mode = ha.ModeNonLeader }),
		"This replica leads, without an election, for 5 h, and is not ready.":                              change("plain", func(s *ha.Status) { s.Ready = errors.New("x") }),
		"This replica is shutting down; its work has not returned yet.":                                    change("plain", func(s *ha.Status) { s.ShuttingDown = errors.New("x") }),
		"This replica is shutting down.":                                                                   change("plain", func(s *ha.Status) { s.ShuttingDown, s.Mode = errors.New("x"), ha.ModeNonLeader }),
		strings.Repeat("n", 79) + "… leads; this replica is ready to take over.":                           change("non-leader", func(s *ha.Status) { s.Election.Holder = strings.Repeat("n", 300) }),
	} {
		var p ha.Page
		require.NoError(t, json.Unmarshal([]byte(ask(t, s, http.MethodGet, "/ha.json").body), &p))
		require.Equal(t, want, p.Headline)
		html := ask(t, s, http.MethodGet, "/ha").body
		require.Contains(t, html, "<h1>"+want+"</h1>")
	}
}
