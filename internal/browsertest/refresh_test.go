package browsertest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// scripted is a replica that starts as a standby, and its Runner.
func scripted(t *testing.T) (*replica, *script) {
	t.Helper()
	runner := newScript(election())
	return newReplica(t, ha.Config{
		Name: "ha-server", Runner: runner, History: history(),
		Always: []ha.Component{component("api server", nil)}, Leader: []ha.Component{component("spaces", nil)},
	}), runner
}

const headline = `document.querySelector("h1").textContent`

func TestRefreshesItself(t *testing.T) {
	replica, runner := scripted(t)
	runner.change(func(s *leaderelection.Status) {
		for range 40 { // enough to scroll, and to open
			s.Candidates = append(s.Candidates, s.Candidates[2])
		}
	})
	tab := open(t)
	tab.do(chromedp.EmulateViewport(390, 844), chromedp.Navigate(replica.address+"/ha"))
	tab.until(headline + `.endsWith("this replica is ready to take over.")`)
	require.True(t, strings.HasPrefix(eval[string](tab, "document.title"), "Standby · "))
	eval[bool](tab, `(() => {
		window.before = document.querySelector("main"); // gone after a reload
		document.querySelector("details").open = true;
		document.querySelector("footer a").focus();
		getSelection().selectAllChildren(document.querySelector("#candidates"));
		scrollTo(0, 700);
		return true;
	})()`)

	runner.change(leads)
	runner.leads <- struct{}{}
	tab.until(headline + `.startsWith("This replica leads, term 4711")`)
	tab.until(`[...document.querySelectorAll("tr")].some((r) => r.innerText.includes("spaces") && r.innerText.includes("running"))`)
	require.True(t, strings.HasPrefix(eval[string](tab, "document.title"), "Leader · "))
	require.True(t, eval[bool](tab, `document.querySelector("[role=meter]").getAttribute("aria-valuenow") > 60`))
	require.True(t, eval[bool](tab, `window.before === document.querySelector("main")`), "without a reload")
	require.True(t, eval[bool](tab, `document.activeElement === document.querySelector("footer a")`), "the focus stays")
	require.True(t, eval[bool](tab, `document.querySelector("details").open`), "what was opened stays open")
	require.Equal(t, "Candidates · 43", eval[string](tab, `getSelection().toString()`), "what was selected stays selected")
	require.Greater(t, eval[float64](tab, `scrollY`), 600.0, "it does not jump")

	runner.change(func(s *leaderelection.Status) { *s = election() })
	runner.ends <- leaderelection.ErrTaken
	tab.until(headline + `.endsWith("this replica is ready to take over.")`)
	require.True(t, eval[bool](tab, `document.querySelector("[role=meter]") === null`))
	tab.quiet()
}

func TestSaysThatTheReplicaIsGoneAndComesBack(t *testing.T) {
	replica, _ := scripted(t)
	tab := open(t)
	tab.do(chromedp.EmulateViewport(390, 844), scheme("dark"), chromedp.Navigate(replica.address+"/ha"))
	require.False(t, eval[bool](tab, `document.querySelector("#gone").checkVisibility()`))

	replica.stop()
	tab.until(`document.querySelector("#gone").checkVisibility()`)
	said := eval[string](tab, `document.querySelector("#gone [role=status]").textContent`)
	require.True(t, strings.HasPrefix(said, "This replica has not answered since "), said)
	require.True(t, strings.HasPrefix(eval[string](tab, "document.title"), "no answer · Standby"))
	require.NotEmpty(t, eval[string](tab, headline), "the last state is still there")
	require.LessOrEqual(t, eval[int64](tab, "document.documentElement.scrollWidth"), int64(390))
	require.Empty(t, eval[[]string](tab, faintTexts))
	tab.picture("ha-gone-390-dark")
	tab.do(chromedp.EmulateViewport(1280, 800), scheme("light"))
	tab.picture("ha-gone-1280-light")

	replica.start()
	tab.do(chromedp.Click(chromedp.CSS("#gone button"))) // rather than wait for the next try
	tab.until(`!document.querySelector("#gone").checkVisibility()`)
	require.True(t, strings.HasPrefix(eval[string](tab, "document.title"), "Standby"))
	require.False(t, eval[bool](tab, `document.querySelector("main").classList.contains("stale")`))

	// And by itself.
	replica.stop()
	tab.until(`document.querySelector("#gone").checkVisibility()`)
	replica.start()
	tab.until(`!document.querySelector("#gone").checkVisibility()`)
}

// The pauses between its tries grow.
func TestBacksOffWhileTheReplicaIsGone(t *testing.T) {
	replica, _ := scripted(t)
	tab := open(t)
	tab.do(chromedp.Navigate(replica.address + "/ha"))
	eval[bool](tab, `(() => {
		window.pauses = [];
		const real = window.setTimeout;
		window.setTimeout = (f, ms) => { window.pauses.push(ms); return real(f, Math.min(ms, 20)); };
		return true;
	})()`)
	replica.stop()
	tab.until(`window.pauses.includes(30000)`)
	pauses := eval[[]int](tab, `window.pauses.filter((ms, i, all) => ms !== all[i - 1])`)
	require.Equal(t, []int{2000, 4000, 8000, 16000, 30000}, pauses)
}

func TestWorksWithoutJavaScript(t *testing.T) {
	replica, runner := scripted(t)
	runner.change(func(s *leaderelection.Status) { s.Holder = "" })
	tab := open(t)
	tab.do(withoutScripts(), chromedp.EmulateViewport(390, 844), chromedp.Navigate(replica.address+"/ha"))
	require.Equal(t, "Nobody leads; this replica is ready to take over.", eval[string](tab, headline))
	require.False(t, eval[bool](tab, `document.querySelector("#gone").checkVisibility()`))
	runner.change(func(s *leaderelection.Status) { *s = election() })
	tab.until(headline + `.startsWith("ha-server-")`) // it reloads itself
	tab.quiet()
}

// A page that somebody managed to inject a script into would still not run it.
func TestPolicyStopsInjectedScripts(t *testing.T) {
	replica, _ := scripted(t)
	tab := open(t)
	tab.do(chromedp.Navigate(replica.address + "/ha"))
	eval[bool](tab, `(() => {
		const script = document.createElement("script");
		script.textContent = "window.owned = true";
		document.body.append(script);
		document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.owned = true'>");
		return true;
	})()`)
	require.False(t, eval[bool](tab, `window.owned === true`))
	require.Eventually(t, func() bool {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		return len(tab.messages) >= 2 && strings.Contains(strings.Join(tab.messages, "\n"), "Content Security Policy")
	}, 10*time.Second, 20*time.Millisecond)
}

// What a browser asks for is HTML, what a program asks for JSON.
func TestTheSameForPrograms(t *testing.T) {
	replica, _ := scripted(t)
	tab := open(t)
	tab.do(chromedp.Navigate(replica.address)) // leads to /ha
	tab.do(chromedp.Click(chromedp.CSS(`footer a[href="ha.json"]`)))
	tab.until(`document.contentType === "application/json"`)
	response, err := http.Get(replica.address + "/ha.json")
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), `"version": 1`)
}
