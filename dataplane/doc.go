// Package dataplane is a load balancer as a model: which services there are,
// where their connections go, and what a program that forwards packets for them
// has to be told.
//
// # Usage
//
//	cfg := dataplane.Config{Seed: seed, Services: []dataplane.Service{{
//		VIP: netip.MustParseAddr("192.0.2.1"), Port: 80, Protocol: dataplane.TCP,
//		Endpoints: []dataplane.Endpoint{{Addr: netip.MustParseAddr("10.0.0.1"), Port: 8080, Weight: 1}},
//	}}}
//	err := cfg.Validate()
//	table, err := dataplane.NewTable(cfg.Seed, cfg.Services[0].Endpoints, dataplane.TableSize(3))
//
// # Tables
//
// A service's endpoints share the rows of a table by Maglev hashing (Eisenbud et
// al., Maglev: A Fast and Reliable Software Network Load Balancer, NSDI 2016,
// section 3.4), in proportion to their weights. The hash of a connection picks a
// row. Instances with the same seed and the same endpoints have the same table,
// in whatever order they were told of them; an endpoint that comes or goes
// moves few rows but its own.
//
// # Concurrency
//
// Values are plain data. A Table is not changed once it is made.
package dataplane
