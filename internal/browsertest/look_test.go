package browsertest_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// scenes are the states in which the page is looked at.
func scenes(t *testing.T) map[string]*replica {
	standby := newScript(election())

	leader := newScript(election())
	leader.change(leads)
	leader.leads <- struct{}{}

	nobody := newScript(election())
	nobody.change(func(s *leaderelection.Status) { s.Holder = "" })

	cutOff := newScript(election())
	cutOff.change(func(s *leaderelection.Status) {
		s.Contact, s.Renewed = 83*time.Second, time.Now().Add(-83*time.Second)
		s.Err = errors.New("leaderelection: lease ha/ha-server: no answer from the API server for 1m23s: Get \"https://10.96.0.1:443/apis/coordination.k8s.io/v1/namespaces/ha/leases/ha-server\": dial tcp 10.96.0.1:443: i/o timeout")
	})

	long := newScript(election())
	long.change(hostile)

	// A component that does not return when its term ends.
	returns := make(chan struct{})
	overrun := newScript(election())
	overrun.change(leads)
	overrun.leads <- struct{}{}

	always := []ha.Component{component("api server", nil), component("webhooks", nil)}
	leaders := []ha.Component{component("spaces", nil), component("expiry", nil)}
	stuck := []ha.Component{component("spaces", nil), component("expiry", returns)}
	made := map[string]*replica{
		"leader":  newReplica(t, ha.Config{Name: "ha-server", Runner: leader, Always: always, Leader: leaders, History: history()}),
		"standby": newReplica(t, ha.Config{Name: "ha-server", Runner: standby, Always: always, Leader: leaders, History: history()}),
		"nobody":  newReplica(t, ha.Config{Name: "ha-server", Runner: nobody, Always: always, Leader: leaders, History: history()}),
		"cut-off": newReplica(t, ha.Config{Name: "ha-server", Runner: cutOff, Always: always, Leader: leaders, History: history()}),
		"hostile": newReplica(t, ha.Config{Name: "<b>bold</b>\u202e", Runner: long, Always: always, Leader: leaders}),
		"plain":   newReplica(t, ha.Config{Name: "ha-server", Always: always, Leader: leaders}),
		"overrun": newReplica(t, ha.Config{Name: "ha-server", Runner: overrun, Always: always, Leader: stuck, History: history(), DrainTimeout: time.Millisecond}),
	}
	t.Cleanup(func() { close(returns) }) // before the replicas are stopped
	for _, r := range made {
		require.Eventually(t, func() bool { return r.answers("/readyz") }, 10*time.Second, 20*time.Millisecond)
	}
	overrun.change(func(s *leaderelection.Status) { s.Phase = "draining" })
	overrun.ends <- leaderelection.ErrSteppedDown
	return made
}

// faults are texts with too little contrast, by WCAG 2.
const faintTexts = `(() => {
	const channel = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
	const parse = (s) => s.match(/[\d.]+/g).map(Number);
	const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
	const behind = (e) => {
		for (; e; e = e.parentElement) {
			const c = parse(getComputedStyle(e).backgroundColor);
			if (c.length < 4 || c[3] === 1) return c;
		}
		return [255, 0, 255];
	};
	const faint = [];
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	let seen = 0;
	while (texts.nextNode()) {
		const e = texts.currentNode.parentElement;
		if (!texts.currentNode.nodeValue.trim() || e.nodeName === "SCRIPT" || !e.checkVisibility()) continue;
		seen++;
		const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(behind(e))].sort((x, y) => y - x);
		const ratio = (a + 0.05) / (b + 0.05);
		if (ratio < 4.5) faint.push(ratio.toFixed(2) + ": " + texts.currentNode.nodeValue.trim().slice(0, 60));
	}
	return seen < 20 ? ["only " + seen + " texts were looked at"] : faint;
})()`

// wide are the elements that reach beyond the window.
const wide = `[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility() && !e.closest("svg") &&
	(e.getBoundingClientRect().right > innerWidth + 0.5 || e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline"))
	.map((e) => e.outerHTML.slice(0, 120))`

func TestLooksWell(t *testing.T) {
	tab := open(t)
	for name, replica := range scenes(t) {
		for _, width := range []int64{390, 768, 1280} {
			height := map[int64]int64{390: 844, 768: 1024, 1280: 800}[width]
			for _, colours := range []string{"light", "dark"} {
				t.Run(fmt.Sprintf("%s-%d-%s", name, width, colours), func(t *testing.T) {
					tab.t = t
					tab.do(chromedp.EmulateViewport(width, height), scheme(colours), chromedp.Navigate(replica.address+"/ha"))
					tab.do(chromedp.Evaluate[chromedp.Void](`document.querySelectorAll("details").forEach((d) => d.open = innerWidth < 1280)`))
					tab.picture(fmt.Sprintf("ha-%s-%d-%s", name, width, colours))
					require.Equal(t, width, eval[int64](tab, "innerWidth"))
					require.LessOrEqual(t, eval[int64](tab, "document.documentElement.scrollWidth"), width)
					require.Empty(t, eval[[]string](tab, wide))
					require.Empty(t, eval[[]string](tab, faintTexts))
					require.Equal(t, colours == "dark", eval[bool](tab, `getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g).every((c) => c < 128)`))
					tab.quiet()
				})
			}
		}
	}
}
