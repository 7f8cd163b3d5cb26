package metrics_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/metrics"
	"github.com/regent-ha/regent/lock/locktest"
)

// replica is a candidate with a collector and a registry of its own.
type replica struct {
	*leaderelection.Elector
	registry *prometheus.Registry
	client   *locktest.Client
}

// newReplica returns a candidate with 15 s, 10 s, 2 s, whose requests take
// 30 ms.
func newReplica(t *testing.T, store *locktest.Store, identity string) *replica {
	t.Helper()
	collector := metrics.New()
	r := &replica{registry: prometheus.NewPedanticRegistry(), client: store.Client("a")}
	require.NoError(t, r.registry.Register(collector))
	r.Elector = newElector(t, collector, r.client, identity)
	slow(r.client)
	return r
}

func newElector(t *testing.T, collector *metrics.Collector, client *locktest.Client, identity string) *leaderelection.Elector {
	t.Helper()
	e, err := leaderelection.NewElector(leaderelection.Config{
		Lock: client, Identity: identity, Now: locktest.Clock(),
		Observers: []leaderelection.Observer{collector.Observe}, Logger: slog.New(slog.DiscardHandler),
	})
	require.NoError(t, err)
	collector.Add(e)
	return e
}

func slow(c *locktest.Client) {
	c.SetFault(func(locktest.Call) locktest.Fault {
		return locktest.Fault{Delay: 10 * time.Millisecond, ReplyDelay: 20 * time.Millisecond}
	})
}

// start runs an elector until the returned function stops it, which waits.
func start(t *testing.T, e *leaderelection.Elector, drain time.Duration) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- e.Run(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(drain)
			return nil
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-done)
	})
	t.Cleanup(func() {
		stop()
		time.Sleep(time.Second) // requests that nobody waits for any more
	})
	return stop
}

// requireValues requires values of metrics, by name and labels, without the
// lock's if it is "lock a". Of a histogram it is the sum.
func requireValues(t *testing.T, g prometheus.Gatherer, want map[string]float64) {
	t.Helper()
	synctest.Wait()
	got := values(t, g)
	for name, v := range want {
		require.Contains(t, got, name)
		require.InDelta(t, v, got[name], 1e-9, name)
	}
}

func values(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	got := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := strings.TrimPrefix(f.GetName(), "regent_leaderelection_")
			for _, l := range m.GetLabel() {
				if l.GetValue() != "lock a" {
					name += fmt.Sprintf(" %s=%s", l.GetName(), l.GetValue())
				}
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
		}
	}
	return got
}

const began = 946_684_800 // of a bubble's clock

func TestTermThatIsLostAtItsDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		origin := time.Now()
		at := func(d time.Duration) { time.Sleep(d - time.Since(origin)) }
		store := locktest.NewStore()
		a := newReplica(t, store, "a")
		requireValues(t, a.registry, map[string]float64{
			"leader": 0, "healthy": 1, "token": 0, "term_remaining_seconds": 0, "acquired_timestamp_seconds": 0,
			"terms_started_total": 0, "terms_ended_total cause=deadline": 0, "request_failures_total request=renew": 0,
		})
		stop := start(t, a.Elector, 3*time.Second)
		at(12 * time.Second) // read, insert; acquired by a write sent at 60 ms, renewed at 5.06 s and 10.06 s
		snapshot, _ := store.Get("a")
		requireValues(t, a.registry, map[string]float64{
			"leader": 1, "healthy": 1, "watching": 1, "candidates": 1, "transitions_total": 1,
			"token": float64(snapshot.Token), "term_remaining_seconds": 8.06, "acquired_timestamp_seconds": began + 0.06,
			"silence_seconds":     12 - 10.09,
			"terms_started_total": 1, "terms_ended_total cause=deadline": 0, "handover_seconds": 0.04,
			"request_seconds request=read": 0.03, "request_seconds request=insert": 0.03, "request_seconds request=acquire": 0.03,
			"request_seconds request=renew": 2 * 0.03, "request_failures_total request=renew": 0, "request_failures_total request=read": 0,
		})
		a.client.Cut() // what is sent at 15.06 s, 17.06 s and 19.06 s
		at(20_060*time.Millisecond - 1)
		requireValues(t, a.registry, map[string]float64{"leader": 1, "term_remaining_seconds": 1e-9})
		time.Sleep(time.Nanosecond)
		requireValues(t, a.registry, map[string]float64{
			"leader": 0, "term_remaining_seconds": 0, "terms_ended_total cause=deadline": 1, "terms_ended_total cause=shutdown": 0,
			"request_failures_total request=renew": 3, "request_seconds request=renew": 2*0.03 + 5 + 3 + 1,
		})
		at(25 * time.Second)
		requireValues(t, a.registry, map[string]float64{"healthy": 0, "drain_seconds": 3, "fences_total": 0, "overruns_total": 0})
		slow(a.client)
		a.client.Silence(false)
		at(60 * time.Second)
		requireValues(t, a.registry, map[string]float64{"leader": 1, "healthy": 1, "terms_started_total": 2, "transitions_total": 2})
		stop()
		requireValues(t, a.registry, map[string]float64{"leader": 0, "terms_ended_total cause=shutdown": 1, "drain_seconds": 6})
	})
}

func TestHandOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := locktest.NewStore()
		a, b := newReplica(t, store, "a"), newReplica(t, store, "b")
		stopA := start(t, a.Elector, 0)
		time.Sleep(time.Minute)
		stopB := start(t, b.Elector, 0)
		time.Sleep(time.Minute)
		requireValues(t, b.registry, map[string]float64{"leader": 0, "healthy": 1, "candidates": 2})
		require.NotContains(t, values(t, b.registry), "handover_seconds")
		stopA()
		time.Sleep(time.Second)
		requireValues(t, a.registry, map[string]float64{"leader": 0, "terms_ended_total cause=shutdown": 1, "release_failures_total": 0})
		requireValues(t, b.registry, map[string]float64{"leader": 1, "handover_seconds": 0.01, "transitions_total": 2})
		stopB()
	})
}

func TestWorkThatStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a")
		stop := start(t, a.Elector, time.Minute)
		time.Sleep(6 * time.Second)
		a.client.Cut()
		time.Sleep(time.Minute) // lost at 15.06 s; it would expire at 20.06 s, fence at 19.31 s
		requireValues(t, a.registry, map[string]float64{"fences_total": 1, "overruns_total": 2, "healthy": 0, "leader": 0})
		slow(a.client)
		stop()
		requireValues(t, a.registry, map[string]float64{"drain_seconds": 60, "terms_ended_total cause=deadline": 1})
	})
}

func TestOneCollectorServesSeveralElectors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, collector := locktest.NewStore(), metrics.New()
		registry := prometheus.NewPedanticRegistry()
		require.NoError(t, registry.Register(collector))
		collector.Add(nil)
		require.Empty(t, values(t, registry))
		one := newElector(t, collector, store.Client("a"), "one")
		two := newElector(t, collector, store.Client("b"), "two")
		rival := newElector(t, collector, store.Client("a"), "rival") // of the first, in this process
		stop := start(t, one, 0)
		requireValues(t, registry, map[string]float64{"leader": 1, "leader lock=lock b": 0, "terms_started_total": 1, "terms_started_total lock=lock b": 0})
		stopTwo, stopRival := start(t, two, 0), start(t, rival, 0)
		requireValues(t, registry, map[string]float64{"leader": 1, "leader lock=lock b": 1, "terms_started_total": 1})
		stop()
		requireValues(t, registry, map[string]float64{"leader": 1, "terms_started_total": 2, "terms_ended_total cause=shutdown": 1})
		stopRival()
		requireValues(t, registry, map[string]float64{"leader": 0, "leader lock=lock b": 1})
		stopTwo()
	})
}

func TestLint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a")
		stop := start(t, a.Elector, 0)
		time.Sleep(time.Second)
		stop()
		families, err := a.registry.Gather()
		require.NoError(t, err)
		require.Len(t, families, 18)
		problems, err := promlint.NewWithMetricFamilies(families).Lint()
		require.NoError(t, err)
		require.Empty(t, problems)
	})
}

func TestHistogramsAreNativeAndClassic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a")
		stop := start(t, a.Elector, time.Second)
		time.Sleep(time.Second)
		stop()
		families, err := a.registry.Gather()
		require.NoError(t, err)
		histograms := make(map[string]bool)
		for _, f := range families {
			for _, m := range f.GetMetric() {
				if h := m.GetHistogram(); h != nil {
					histograms[strings.TrimPrefix(f.GetName(), "regent_leaderelection_")] = true
					require.Equal(t, int32(3), h.GetSchema(), "a factor of 2^(1/8), at most 1.1")
					require.NotEmpty(t, h.GetPositiveSpan(), f.GetName())
					require.Len(t, h.GetBucket(), 17, f.GetName())
				}
			}
		}
		require.Equal(t, map[string]bool{"request_seconds": true, "drain_seconds": true, "handover_seconds": true}, histograms)
	})
}

// TestScrape is the page that dashboards and alerts rest on: names, help texts
// and the values of a term of a minute.
func TestScrape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newReplica(t, locktest.NewStore(), "a")
		stop := start(t, a.Elector, 0)
		time.Sleep(time.Minute)
		page := httptest.NewRecorder()
		promhttp.HandlerFor(a.registry, promhttp.HandlerOpts{}).ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/metrics", nil))
		require.Equal(t, http.StatusOK, page.Code)
		require.Contains(t, page.Body.String(), `regent_leaderelection_request_seconds_bucket{lock="lock a",request="renew",le="0.032"} 11`)
		want, err := os.ReadFile("testdata/scrape.txt")
		require.NoError(t, err)
		var lines strings.Builder
		for line := range strings.Lines(page.Body.String()) {
			if !strings.Contains(line, "_bucket{") {
				lines.WriteString(line)
			}
		}
		require.Equal(t, string(want), lines.String())
		stop()
	})
}

func TestScrapeOverHTTP(t *testing.T) {
	store, collector := locktest.NewStore(), metrics.New()
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(collector))
	e := newElector(t, collector, store.Client("a"), "a")
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	scrape := func() string {
		response, err := http.Get(server.URL)
		require.NoError(t, err)
		defer func() { require.NoError(t, response.Body.Close()) }()
		body, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return string(body)
	}
	err := e.Run(t.Context(), func(context.Context) error {
		require.Contains(t, scrape(), `regent_leaderelection_leader{lock="lock a"} 1`)
		return nil
	})
	require.NoError(t, err)
	require.Contains(t, scrape(), `regent_leaderelection_leader{lock="lock a"} 0`)
}

func TestCollectorsDoNotShare(t *testing.T) {
	registry := prometheus.NewPedanticRegistry()
	require.NoError(t, registry.Register(metrics.New()))
	require.Error(t, registry.Register(metrics.New()), "the same names")
	require.NoError(t, prometheus.WrapRegistererWithPrefix("other_", registry).Register(metrics.New()))
}
