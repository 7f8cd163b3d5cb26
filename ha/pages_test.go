package ha_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// answered is an answer of the pages.
type answered struct {
	code   int
	header http.Header
	body   string
}

// ask sends a request to the pages of a status.
func ask(t *testing.T, s ha.Status, method, path string, header ...string) answered {
	t.Helper()
	return askOf(t, ha.NewPages(func() ha.Status { return s }, nil), method, path, header...)
}

func askOf(t *testing.T, pages http.Handler, method, path string, header ...string) answered {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	pages.ServeHTTP(w, r)
	return answered{code: w.Code, header: w.Header(), body: w.Body.String()}
}

func TestHealthzAnswersWhateverTheState(t *testing.T) {
	t.Parallel()
	for name, s := range statuses() {
		r := ask(t, s, http.MethodGet, "/healthz")
		require.Equal(t, http.StatusOK, r.code, name)
		require.Equal(t, "ok\n", r.body, name)
	}
}

func TestHealthzAsksNobody(t *testing.T) {
	t.Parallel()
	pages := ha.NewPages(func() ha.Status { panic("a component's Check hangs") }, nil)
	require.Equal(t, http.StatusOK, askOf(t, pages, http.MethodGet, "/healthz").code)
}

func TestReadyzDoesNotDependOnWhoLeads(t *testing.T) {
	t.Parallel()
	all := statuses()
	for _, name := range []string{"leader", "non-leader", "nobody-leads", "plain", "cut-off"} {
		r := ask(t, all[name], http.MethodGet, "/readyz")
		require.Equal(t, http.StatusOK, r.code, name)
		require.Equal(t, "ok\n", r.body, name)
	}
	for _, name := range []string{"not-ready", "shutting-down"} {
		r := ask(t, all[name], http.MethodGet, "/readyz")
		require.Equal(t, http.StatusServiceUnavailable, r.code, name)
		require.Equal(t, all[name].Ready.Error()+"\n", r.body, name)
	}
}

func TestLeaderzSaysWhoLeads(t *testing.T) {
	t.Parallel()
	all := statuses()
	all["idle"] = ha.Status{Ready: errors.New("no list yet"), Election: &leaderelection.Status{Phase: "idle"}}
	for name, want := range map[string]struct {
		code int
		says map[string]any
	}{
		"idle":         {http.StatusServiceUnavailable, map[string]any{"leads": false, "error": "this replica does not campaign: no list yet"}},
		"leader":       {http.StatusOK, map[string]any{"leader": podA, "leads": true, "phase": "leading", "token": 4711.0, "lock": "lease ha/ha-server", "since": "2026-11-21T00:00:00Z"}},
		"non-leader":   {http.StatusOK, map[string]any{"leader": podB, "leads": false, "replica": podA, "watching": true, "heard_of_the_api_server": "400ms ago"}},
		"nobody-leads": {http.StatusOK, map[string]any{"leader": "", "leads": false}},
		"cut-off":      {http.StatusServiceUnavailable, map[string]any{"leader": podB, "leads": false, "error": all["cut-off"].Election.Err.Error()}},
		"plain":        {http.StatusOK, map[string]any{"leader": "host-1", "leads": true, "phase": "leading"}},
	} {
		r := ask(t, all[name], http.MethodGet, "/leaderz")
		require.Equal(t, want.code, r.code, name)
		require.Equal(t, "application/json", r.header.Get("Content-Type"), name)
		var said map[string]any
		require.NoError(t, json.Unmarshal([]byte(r.body), &said), name)
		require.Subset(t, said, want.says, name)
	}
}

func TestMetricsAreConfigs(t *testing.T) {
	t.Parallel()
	require.Equal(t, http.StatusNotFound, ask(t, ha.Status{}, http.MethodGet, "/metrics").code)
	pages := ha.NewPages(func() ha.Status { return ha.Status{} }, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "up 1\n")
	}))
	require.Equal(t, "up 1\n", askOf(t, pages, http.MethodGet, "/metrics").body)
}

func TestOtherMethodsAreRefused(t *testing.T) {
	t.Parallel()
	pages := ha.NewPages(func() ha.Status { return statuses()["leader"] }, http.NotFoundHandler())
	for _, path := range []string{"/", "/healthz", "/readyz", "/leaderz", "/metrics", "/ha", "/ha.json"} {
		for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions, "TRACE", "CONNECT"} {
			r := askOf(t, pages, method, path)
			require.Equal(t, http.StatusMethodNotAllowed, r.code, "%s %s", method, path)
			require.Equal(t, "GET, HEAD", r.header.Get("Allow"), "%s %s", method, path)
		}
	}
	require.Equal(t, http.StatusNotFound, askOf(t, pages, http.MethodGet, "/ha/x").code)
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(ha.NewPages(func() ha.Status { return statuses()["leader"] }, nil))
	t.Cleanup(server.Close)
	for _, path := range []string{"/healthz", "/readyz", "/leaderz", "/ha", "/ha.json"} {
		get, err := http.Get(server.URL + path)
		require.NoError(t, err)
		whole, err := io.ReadAll(get.Body)
		require.NoError(t, err)
		require.NoError(t, get.Body.Close())
		head, err := http.Head(server.URL + path)
		require.NoError(t, err)
		require.NoError(t, head.Body.Close())
		require.Equal(t, http.StatusOK, head.StatusCode, path)
		require.EqualValues(t, len(whole), head.ContentLength, path)
	}
}

func TestRootLeadsToThePageAlsoBelowAPrefix(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/", ha.NewPages(func() ha.Status { return statuses()["leader"] }, nil))
	mux.Handle("/below/", http.StripPrefix("/below", ha.NewPages(func() ha.Status { return statuses()["leader"] }, nil)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	for path, want := range map[string]string{"/": "/ha", "/below/": "/below/ha"} {
		r, err := http.Get(server.URL + path)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		require.Equal(t, http.StatusOK, r.StatusCode)
		require.Equal(t, want, r.Request.URL.Path)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/healthz", "/readyz", "/leaderz", "/metrics", "/ha", "/ha.json", "/nowhere"} {
		h := ask(t, statuses()["not-ready"], http.MethodGet, path).header
		require.Equal(t, "no-store", h.Get("Cache-Control"), path)
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		require.Equal(t, "same-origin", h.Get("Cross-Origin-Resource-Policy"), path)
		require.True(t, strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'; "), path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
	}
}

const (
	podA = "pod-a_5c1f0f9e"
	podB = "pod-b_e2b8b2f4"
)

// statuses are the states that the pages tell apart, at one injected time.
func statuses() map[string]ha.Status {
	now := time.Date(2026, 11, 21, 3, 12, 4, 123456789, time.FixedZone("CET", 3600)).Add(time.Hour)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	election := func(change func(*leaderelection.Status)) *leaderelection.Status {
		s := &leaderelection.Status{
			Lock: "lease ha/ha-server", Identity: podA, Phase: "standby", Holder: podB, Token: 4698, Acquired: ago(47 * time.Minute),
			Renewed: ago(1800 * time.Millisecond), Transitions: 12, Contact: 400 * time.Millisecond, Watching: true,
			Candidates: []leaderelection.Candidate{{Identity: podA, Pod: "pod-a", Since: ago(5 * time.Hour)}, {Identity: podB, Pod: "pod-b", Since: ago(26 * time.Hour)}},
		}
		change(s)
		return s
	}
	leads := func(s *leaderelection.Status) {
		s.Phase, s.Leader, s.Holder, s.Token, s.Acquired = "leading", true, podA, 4711, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
		s.Renewed, s.Deadline = ago(2800*time.Millisecond), now.Add(7200*time.Millisecond)
	}
	components := func(leader ha.State) []ha.ComponentStatus {
		starts := 1
		if leader == ha.StateStandby || leader == ha.StateWarming {
			starts = 0
		}
		return []ha.ComponentStatus{
			{Name: "api", State: ha.StateRunning, Since: ago(5 * time.Hour), Starts: 1},
			{Name: "spaces", Leader: true, State: leader, Since: ago(3 * time.Hour), Starts: starts},
		}
	}
	history := []ha.Transition{
		{Time: ago(47 * time.Minute), Kind: leaderelection.EventHolder, Holder: podB, Token: 4698},
		{Time: ago(48 * time.Minute), Kind: leaderelection.EventEnded, Token: 4533, Reason: "renew deadline passed"},
		{Time: ago(5 * time.Hour), Kind: leaderelection.EventElected, Holder: podA, Token: 4533},
	}
	status := func(change func(*ha.Status)) ha.Status {
		s := ha.Status{
			Name: "ha-server", Replica: podA, Now: now, Started: ago(5 * time.Hour), Mode: ha.ModeNonLeader,
			Election: election(func(*leaderelection.Status) {}), Components: components(ha.StateStandby), Transitions: history,
		}
		change(&s)
		return s
	}
	notReady := errors.New("spaces: not ready: the informer of configmaps has not synced\nexpiry: not ready")
	return map[string]ha.Status{
		"leader": status(func(s *ha.Status) {
			s.Mode, s.Election, s.Components = ha.ModeLeader, election(leads), components(ha.StateRunning)
		}),
		"non-leader": status(func(*ha.Status) {}),
		"nobody-leads": status(func(s *ha.Status) {
			s.Election = election(func(e *leaderelection.Status) { e.Holder, e.Acquired, e.Renewed = "", time.Time{}, time.Time{} })
		}),
		"overrun": status(func(s *ha.Status) {
			s.Mode, s.Components = ha.ModeLeader, components(ha.StateOverrun)
			s.Election = election(func(e *leaderelection.Status) { leads(e); e.Phase = "draining" })
			s.Components[1].Since = ago(42 * time.Second)
		}),
		"plain": status(func(s *ha.Status) {
			s.Replica, s.Mode, s.Election, s.Components = "host-1", ha.ModeLeader, nil, components(ha.StateRunning)
			s.Transitions = nil
		}),
		"not-ready": status(func(s *ha.Status) {
			s.Ready, s.Components = notReady, components(ha.StateWarming)
			s.Components[1].Err = notReady
		}),
		"shutting-down": status(func(s *ha.Status) {
			s.Mode, s.Components = ha.ModeLeader, components(ha.StateDraining)
			s.Election = election(func(e *leaderelection.Status) { leads(e); e.Phase = "draining" })
			s.ShuttingDown, s.Ready = errors.New("signal: terminated"), errors.New("shutting down: signal: terminated")
		}),
		"cut-off": status(func(s *ha.Status) {
			s.Election = election(func(e *leaderelection.Status) {
				e.Contact, e.Watching = 83*time.Second, false
				e.Err = errors.New("leaderelection: lease ha/ha-server: no answer from the API server for 1m23s: i/o timeout")
			})
		}),
		"candidates": status(func(s *ha.Status) { s.Election = election(func(e *leaderelection.Status) { e.Candidates = many(now) }) }),
		"hostile":    status(func(s *ha.Status) { hostile(s) }),
	}
}
