package metrics_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/controller/metrics"
)

// play tells a recorder of a term in which everything happened.
func play(r controller.MetricsRecorder, name string) {
	r.Leading(name, true)
	r.QueueDepth(name, 3)
	r.QueueWait(name, 100*time.Millisecond)
	r.HandlingStarted(name)
	r.HandlingStarted(name)
	r.HandlingDone(name, time.Second, controller.Succeeded)
	r.HandlingStarted(name)
	r.HandlingDone(name, 2*time.Second, controller.Failed)
	r.Retry(name, 5*time.Millisecond)
	r.GaveUp(name)
	r.Overran(name, 2)
	r.Drained(name, 4, 8*time.Second)
}

func newRegistry(t *testing.T) (*prometheus.Registry, *metrics.Recorder) {
	t.Helper()
	registry, recorder := prometheus.NewPedanticRegistry(), metrics.New()
	require.NoError(t, registry.Register(recorder))
	return registry, recorder
}

// value returns a counter's or gauge's value, or a histogram's sum.
func value(t *testing.T, g prometheus.Gatherer, name, controller string) float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	for _, f := range families {
		if f.GetName() != "regent_controller_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "controller" && l.GetValue() == controller {
					return m.GetCounter().GetValue() + m.GetGauge().GetValue() + m.GetHistogram().GetSampleSum()
				}
			}
		}
	}
	t.Fatalf("no %s of %s", name, controller)
	return 0
}

func TestLint(t *testing.T) {
	registry, recorder := newRegistry(t)
	play(recorder, "pods")
	families, err := registry.Gather()
	require.NoError(t, err)
	require.Len(t, families, 11)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
}

func TestScrape(t *testing.T) {
	registry, recorder := newRegistry(t)
	play(recorder, "pods")
	server := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	defer server.Close()
	response, err := http.Get(server.URL)
	require.NoError(t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(t, errors.Join(err, response.Body.Close()))
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Contains(t, string(body), `regent_controller_handling_seconds_bucket{controller="pods",outcome="error",le="2.048"} 1`)

	// The names, help texts and values that dashboards and alerts rest on.
	want, err := os.ReadFile("testdata/scrape.txt")
	require.NoError(t, err)
	var lines []string
	for line := range strings.Lines(string(body)) {
		if !strings.Contains(line, "_bucket{") {
			lines = append(lines, line)
		}
	}
	require.Equal(t, string(want), strings.Join(lines, ""))
}

func TestHistogramsAreNativeAndClassic(t *testing.T) {
	registry, recorder := newRegistry(t)
	play(recorder, "pods")
	families, err := registry.Gather()
	require.NoError(t, err)
	histograms := 0
	for _, f := range families {
		for _, m := range f.GetMetric() {
			h := m.GetHistogram()
			if h == nil {
				continue
			}
			histograms++
			require.NotNil(t, h.Schema, f.GetName())
			require.Equal(t, int32(3), h.GetSchema(), "a factor of 2^(1/8), at most 1.1")
			require.NotEmpty(t, h.GetPositiveSpan(), f.GetName())
			require.Len(t, h.GetBucket(), 17, f.GetName())
		}
	}
	require.Equal(t, 5, histograms, "two outcomes of calls among them")
}

func TestControllersAreToldApart(t *testing.T) {
	registry, recorder := newRegistry(t)
	play(recorder, "pods")
	play(recorder, "nodes")
	recorder.Leading("nodes", false)
	recorder.QueueDepth("nodes", 0)
	recorder.GaveUp("nodes")
	for name, want := range map[string][2]float64{
		"leading":            {1, 0},
		"queue_depth":        {3, 0},
		"given_up_total":     {1, 2},
		"handlers_in_flight": {1, 1},
		"drain_seconds":      {8, 8},
	} {
		require.InDelta(t, want[0], value(t, registry, name, "pods"), 0, name)
		require.InDelta(t, want[1], value(t, registry, name, "nodes"), 0, name)
	}
}

// rate() does not see the step from nothing to 1.
func TestCountersBeginAtZero(t *testing.T) {
	registry, recorder := newRegistry(t)
	recorder.Leading("pods", true)
	for _, name := range []string{"retries_total", "given_up_total", "overruns_total", "drained_total", "handlers_in_flight"} {
		require.Zero(t, value(t, registry, name, "pods"), name)
	}
}

func TestRecordersDoNotShare(t *testing.T) {
	registry, first := newRegistry(t)
	require.Error(t, registry.Register(metrics.New()), "the same names")
	require.NoError(t, prometheus.WrapRegistererWithPrefix("other_", registry).Register(metrics.New()))
	play(first, "pods")
	play(metrics.New(), "pods")
	require.InDelta(t, 1, value(t, registry, "given_up_total", "pods"), 0)
}
