package metrics_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/leaderelection/metrics"
	"github.com/regent-ha/regent/lock/locktest"
)

func Example() {
	collector, registry := metrics.New(), prometheus.NewRegistry()
	registry.MustRegister(collector)
	elector, err := leaderelection.NewElector(leaderelection.Config{
		Lock:      locktest.NewStore().Client("my-lock"), // in a cluster: what lock.NewLease returns
		Logger:    slog.New(slog.DiscardHandler),
		Observers: []leaderelection.Observer{collector.Observe},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	collector.Add(elector)
	err = elector.Run(context.Background(), func(context.Context) error {
		families, err := registry.Gather()
		for _, f := range families {
			if f.GetName() == "regent_leaderelection_leader" {
				fmt.Println(f.GetName(), f.GetMetric()[0].GetGauge().GetValue())
			}
		}
		return err
	})
	fmt.Println("ended:", err)
	// Output:
	// regent_leaderelection_leader 1
	// ended: <nil>
}
