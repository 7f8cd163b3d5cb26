package metrics_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/ha/metrics"
)

func TestCollector(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		run := func(ctx context.Context) error { <-ctx.Done(); return nil }
		group, err := ha.New(ha.Config{
			Name: "program", Always: []ha.Component{{Name: "api", Run: run}}, Leader: []ha.Component{{Name: "pods", Run: run}},
			Signals: []os.Signal{}, Logger: slog.New(slog.DiscardHandler),
		})
		require.NoError(t, err)
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(metrics.New(group))
		v := values(t, registry)
		require.Zero(t, v["ready"])
		require.Zero(t, v["leader"])
		require.NotContains(t, v, "start_time_seconds")
		require.InDelta(t, 1, v["component_state api always waiting"], 0)

		ctx, cancel := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() { result <- group.Run(ctx) }()
		synctest.Wait()
		v = values(t, registry)
		for name, want := range map[string]float64{
			"ready": 1, "leader": 1, "shutting_down": 0, "start_time_seconds": 946684800, // the bubble's
			"component_state api always running": 1, "component_state api always waiting": 0, "component_state pods leader running": 1,
			"component_starts_total api always": 1, "component_starts_total pods leader": 1, "component_overruns_total pods leader": 0,
		} {
			require.Contains(t, v, name)
			require.InDelta(t, want, v[name], 0, name)
		}
		require.Len(t, v, 4+2*(2+len(ha.States())))
		cancel()
		require.NoError(t, <-result)
		v = values(t, registry)
		require.Zero(t, v["ready"])
		require.InDelta(t, 1, v["shutting_down"], 0)
		require.InDelta(t, 1, v["component_state api always stopped"], 0)
	})
}

// values are all samples of the group "program", by name and label values.
func values(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	require.Empty(t, problems)
	all := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			key := []string{strings.TrimPrefix(f.GetName(), "regent_ha_")}
			for _, l := range m.GetLabel() {
				if l.GetName() != "group" {
					key = append(key, l.GetValue())
				} else {
					require.Equal(t, "program", l.GetValue())
				}
			}
			all[strings.Join(key, " ")] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	return all
}
