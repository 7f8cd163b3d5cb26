// Package xdp forwards packets in the kernel, by a program that network drivers
// run (XDP), and attends to that program: which interfaces it is attached to,
// where endpoints' and clients' frames go, which connections are remembered and
// for how long.
//
// # Usage
//
//	f, err := xdp.New(xdp.Config{Interfaces: xdp.Interfaces{Allow: "eth.*"}})
//	defer f.Close()
//	go f.Run(ctx)
//	err = f.Apply(ctx, cfg)
//
// # Concurrency
//
// All methods may be called at the same time. Run is called once. It returns once
// the program is detached.
//
// # Guarantees
//
// Those of [dataplane.Forwarder], and these. Packets that are none of a service's
// are left to the host, unchanged. Packets of a service that cannot be forwarded
// are dropped, and counted by reason. Docs/dataplane.md has a packet's way through
// the program, what it remembers, and what it does not do.
//
// # Requirements
//
// Linux 5.18, the capabilities CAP_BPF and CAP_NET_ADMIN, and CAP_PERFMON, without
// which it is slower. New says what is missing. The host has to forward packets
// (the sysctls net.ipv4.ip_forward and net.ipv6.conf.all.forwarding) where
// endpoints have it as their gateway.
package xdp
