package ha_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/lock/locktest"
)

// What the pages say of a real Elector: the bar is full at a renewal, and as
// long as what is left of the renew deadline.
func TestPagesOfElectors(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, store := new(stage), locktest.NewStore()
		client := store.Client("lock")
		a, _ := replica(t, s, client, "a", nil)
		synctest.Wait()
		b, _ := replica(t, s, store.Client("lock"), "b", nil)
		time.Sleep(time.Minute)

		page := func(p *play) (said ha.Page) {
			require.NoError(t, json.Unmarshal([]byte(askOf(t, p.Pages(), http.MethodGet, "/ha.json").body), &said))
			return said
		}
		leader, other := page(a), page(b)
		require.Equal(t, "a leads; this replica is ready to take over.", other.Headline)
		require.Equal(t, leader.Election.Token, other.Election.Token)
		require.True(t, leader.Election.Leads)
		require.Positive(t, *leader.Election.SecondsLeft)
		require.Nil(t, other.Election.SecondsLeft)

		client.Cut()
		renewed := page(a).Election.Renewed
		time.Sleep(time.Until(renewed.Add(8 * time.Second)))
		html := askOf(t, a.Pages(), http.MethodGet, "/ha").body
		require.Contains(t, html, `aria-valuenow="20.0" aria-valuetext="2 s"`)
		require.Contains(t, html, `<div class="bar attention">`)

		time.Sleep(time.Minute)
		synctest.Wait()
		html = askOf(t, a.Pages(), http.MethodGet, "/ha").body
		require.NotContains(t, html, `role="meter"`)
		require.Contains(t, html, "this replica could not take over.")
		require.Contains(t, html, "renew deadline passed")
		require.Equal(t, http.StatusServiceUnavailable, askOf(t, a.Pages(), http.MethodGet, "/leaderz").code)
		require.Equal(t, http.StatusOK, askOf(t, a.Pages(), http.MethodGet, "/readyz").code)
		require.True(t, page(b).Election.Leads)
		require.NoError(t, b.stop())
		require.NoError(t, a.stop())
	})
}
