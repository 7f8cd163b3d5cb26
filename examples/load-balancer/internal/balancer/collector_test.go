package balancer_test

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
)

func TestCollector(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2"), nil, func(t *testing.T, s *stage) {
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(balancer.NewCollector(s.Balancer))
		wait(3 * time.Second)
		const loaded = 946684800 // the bubble's beginning
		require.Equal(t, map[string]float64{
			"file_refused": 0, "file_loaded_timestamp_seconds": loaded, "applies_total": 1, "apply_failing": 0,
			"drained_endpoints": 0, "services_all_down": 0, "late_checks_total": 0,
		}, gather(t, registry))
		s.write(t, "x: 1")
		s.fall(errSick, "10.0.0.1:80", "10.0.0.2:80")
		_, err := s.Drain("10.0.0.1")
		require.NoError(t, err)
		wait(5 * time.Second)
		v := gather(t, registry)
		require.InDelta(t, 1, v["file_refused"], 0)
		require.InDelta(t, 1, v["drained_endpoints"], 0)
		require.InDelta(t, 1, v["services_all_down"], 0)
	})
}

func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	all := make(map[string]float64)
	for _, f := range families {
		m := f.GetMetric()[0]
		all[f.GetName()[len("load_balancer_"):]] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
	}
	return all
}
