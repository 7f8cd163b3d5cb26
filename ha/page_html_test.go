package ha_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func html(t *testing.T, state string) (page string, policy string) {
	t.Helper()
	r := ask(t, statuses()[state], http.MethodGet, "/ha")
	require.Equal(t, http.StatusOK, r.code)
	return r.body, r.header.Get("Content-Security-Policy")
}

func TestPolicyNamesTheStyleAndTheScriptAndNothingElse(t *testing.T) {
	t.Parallel()
	for state := range statuses() {
		page, policy := html(t, state)
		hashes := map[string]string{}
		for _, tag := range []string{"style", "script"} {
			all := regexp.MustCompile(`(?s)<`+tag+`>(.*?)</`+tag+`>`).FindAllStringSubmatch(page, -1)
			require.Len(t, all, 1, "%s: %s", state, tag)
			sum := sha256.Sum256([]byte(all[0][1]))
			hashes[tag] = "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		}
		require.Equal(t, fmt.Sprintf("default-src 'none'; style-src %s; script-src %s; connect-src 'self'; img-src data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hashes["style"], hashes["script"]), policy)
		require.NotContains(t, page, ` style="`, "the policy would stop it")
		require.Empty(t, regexp.MustCompile(`\son[a-z]+\s*=\s*["']`).FindString(regexp.MustCompile(`(?s)<script>.*</script>`).ReplaceAllString(page, "")))
	}
}

func TestPageLoadsNothing(t *testing.T) {
	t.Parallel()
	for state := range statuses() {
		page, _ := html(t, state)
		for _, match := range regexp.MustCompile(`<[^>]*\s(?:src|href|action|data)="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			require.True(t, strings.HasPrefix(match[1], "data:image/svg+xml,") || slices.Contains([]string{"ha.json", "leaderz", "readyz", "healthz"}, match[1]), match[0])
		}
	}
}

func TestNamesOfOthersStayText(t *testing.T) {
	t.Parallel()
	page, _ := html(t, "hostile")
	main := page[strings.Index(page, "<body>"):strings.Index(page, "<script>")]
	for _, raw := range []string{"<script", "<img", "</style", "<b>", "<i>", "<u>", "\x00", "\u202e", "\u2066", "\u200f"} {
		require.NotContains(t, main, raw)
	}
	require.Contains(t, main, `\u202e&lt;script&gt;alert(1)&lt;/script&gt;`, "shown as it is, the mark as its code")
	require.Contains(t, main, `{{.}}www`)
	require.Less(t, len(page), 64<<10)
}

func TestPageShowsWhatIsKnown(t *testing.T) {
	t.Parallel()
	for state, says := range map[string][]string{
		"leader": {
			`aria-label="Left of the term, unless a renewal succeeds" aria-valuemin="0" aria-valuemax="100" aria-valuenow="72.0" aria-valuetext="7.2 s"`,
			`<rect width="72.0%"`, "4711", "3 h 12 min ago", "2026-11-21 00:00:00 UTC", "lease ha/ha-server", "this replica",
			"This replica ceased to lead, term 4533", "renew deadline passed", "pod-b leads, term 4698",
		},
		"non-leader":    {"renewed 1.8 s ago by its clock", "heard of 0.4 s ago", "the lock is watched", `<th scope="rowgroup" colspan="4">Only in the leader</th>`},
		"nobody-leads":  {"No leader", "nobody"},
		"overrun":       {"Drain overrun", "spaces was told to stop, and has overrun its share of the drain by 42 s."},
		"plain":         {"this process has no rivals", "Nothing yet that this process saw."},
		"not-ready":     {"Not ready: spaces: not ready: the informer of configmaps has not synced\nexpiry: not ready", `<tr class="error">`},
		"shutting-down": {"Shutting down: signal: terminated"},
		"cut-off":       {"Could not lead", "no answer from the API server for 1m23s", "heard of 1 min 23 s ago: what is said of the lock is as old", "the lock is polled"},
		"candidates":    {"Candidates · 64", "<summary>56 more</summary>", "pod-63_id"},
	} {
		page, _ := html(t, state)
		for _, s := range says {
			require.Contains(t, page, s, state)
		}
		require.Equal(t, state == "leader" || state == "overrun" || state == "shutting-down", strings.Contains(page, `role="meter"`), "%s: only a term has time left", state)
		require.Equal(t, 1, strings.Count(page, "<h1>"), state)
	}
}
