package register_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/chaos/register"
)

func setUp(t *testing.T) (*register.Server, *register.Client) {
	var s register.Server
	web := httptest.NewServer(s.Handler())
	t.Cleanup(web.Close)
	return &s, &register.Client{URL: web.URL, HTTP: web.Client()}
}

// increment reads and returns how to write.
func increment(t *testing.T, c *register.Client, op string, token uint64) (register.State, func() register.Outcome) {
	t.Helper()
	state, err := c.Read(t.Context(), "r", token)
	require.NoError(t, err)
	w := register.Write{Op: op, Token: token, Taken: state.Taken + 1}
	if state.Fenced != nil {
		next := *state.Fenced + 1
		w.Fenced = &next
	}
	return state, func() register.Outcome {
		out, err := c.Write(t.Context(), "r", w)
		require.NoError(t, err)
		return out
	}
}

func values(t *testing.T, c *register.Client, token uint64) (taken, fenced int) {
	t.Helper()
	state, err := c.Read(t.Context(), "r", token)
	require.NoError(t, err)
	require.NotNil(t, state.Fenced)
	return state.Taken, *state.Fenced
}

func TestBooks(t *testing.T) {
	t.Parallel()
	s, c := setUp(t)
	_, write := increment(t, c, "a", 5)
	require.Equal(t, register.Outcome{Taken: true, Fenced: true}, write())
	_, late := increment(t, c, "b", 5)
	for _, op := range []string{"c", "d"} {
		_, write = increment(t, c, op, 7)
		require.Equal(t, register.Outcome{Taken: true, Fenced: true}, write())
	}
	require.Equal(t, register.Outcome{Taken: true}, late())
	taken, fenced := values(t, c, 7)
	require.Equal(t, 2, taken, "the late write has taken one back")
	require.Equal(t, 3, fenced)

	var stale []string
	for _, a := range s.Arrivals() {
		if a.Stale() {
			stale = append(stale, a.Op)
		}
	}
	require.Equal(t, []string{"b"}, stale)
	require.Equal(t, 4, s.Taken())
}

// The fence goes up with the first look of a later term, not with its first
// write: else a late write in between would be lost.
func TestAReadRaisesTheFence(t *testing.T) {
	t.Parallel()
	_, c := setUp(t)
	_, late := increment(t, c, "a", 5)
	_, write := increment(t, c, "b", 7)
	require.Equal(t, register.Outcome{Taken: true}, late())
	require.Equal(t, register.Outcome{Taken: true, Fenced: true}, write())
	taken, fenced := values(t, c, 7)
	require.Equal(t, 1, taken)
	require.Equal(t, 1, fenced)
}

func TestAReadWithALowTokenIsRefused(t *testing.T) {
	t.Parallel()
	_, c := setUp(t)
	_, write := increment(t, c, "a", 7)
	write()
	state, write := increment(t, c, "b", 5)
	require.Nil(t, state.Fenced)
	require.Equal(t, 1, state.Taken)
	require.Equal(t, register.Outcome{Taken: true}, write())
}

func TestRegistersAreApart(t *testing.T) {
	t.Parallel()
	_, c := setUp(t)
	_, write := increment(t, c, "a", 7)
	write()
	state, err := c.Read(t.Context(), "another", 5)
	require.NoError(t, err)
	require.NotNil(t, state.Fenced)
	require.Zero(t, state.Taken)
}

func TestBadRequests(t *testing.T) {
	t.Parallel()
	s, c := setUp(t)
	for _, r := range [][2]string{{http.MethodGet, "/registers/r?token=x"}, {http.MethodPut, "/registers/r"}, {http.MethodPost, "/registers/r"}, {http.MethodGet, "/"}} {
		request, err := http.NewRequestWithContext(t.Context(), r[0], c.URL+r[1], http.NoBody)
		require.NoError(t, err)
		response, err := c.HTTP.Do(request)
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		require.GreaterOrEqual(t, response.StatusCode, 400)
	}
	require.Empty(t, s.Arrivals())
	_, err := c.Read(t.Context(), "r/x", 1)
	require.ErrorContains(t, err, "404")
}
