package balancer

import (
	"cmp"
	"encoding/hex"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
	"github.com/regent-ha/regent/ha/page"
)

// longestText bounds what errors take of a report, in characters.
const longestText = 1000

// Report tells what is the case now.
func (b *Balancer) Report() Report {
	ready := b.Ready()
	probes := b.prober.Status()
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	r := Report{
		Version: ReportVersion, Now: moment(now), Started: moment(b.started), Leads: b.term != nil,
		Ready: ready == nil, NotReady: text(ready), LateChecks: probes.Late,
		File: b.fileReport(), Apply: b.applyReport(), Interfaces: []InterfaceReport{}, Services: []ServiceReport{},
		Drained: []DrainReport{}, Drops: []DropReport{}, Tables: []TableReport{},
		Passed: b.sample.status.Passed, PassedPerSecond: b.sample.passed, Unremembered: b.sample.status.Unremembered,
		StatusError: text(b.sampleErr),
	}
	if b.term != nil {
		r.Token = b.term.Token()
	}
	if !b.sample.at.IsZero() {
		r.StatusSeconds = seconds(now.Sub(b.sample.at))
	}
	for _, i := range b.sample.status.Interfaces {
		r.Interfaces = append(r.Interfaces, InterfaceReport{Name: i.Name, Index: i.Index, Driver: i.Driver, Error: text(i.Err)})
	}
	for _, e := range slices.SortedFunc(maps.Keys(b.drains), netip.AddrPort.Compare) {
		r.Drained = append(r.Drained, DrainReport{Endpoint: e.String(), Since: moment(b.drains[e].since)})
	}
	for _, reason := range slices.Sorted(maps.Keys(b.sample.status.Drops)) {
		r.Drops = append(r.Drops, DropReport{Reason: reason, Packets: b.sample.status.Drops[reason], PacketsPerSecond: b.sample.drops[reason]})
	}
	for _, t := range b.sample.status.Flows {
		r.Tables = append(r.Tables, TableReport{Name: t.Name, Used: t.Used, Room: t.Room})
	}
	r.Services = b.services(probes)
	for _, s := range r.Services {
		r.Total.add(s.Rates)
	}
	return r
}

func (b *Balancer) fileReport() FileReport {
	f := FileReport{Path: b.cfg.File, Loaded: moment(b.file.loaded), Waiting: len(b.missing)}
	if c := b.latest(); c != nil {
		f.Sum = hex.EncodeToString(c.Sum[:6])
	}
	if b.file.fault != nil {
		f.RefusedSince = moment(b.file.since)
		for fault := range strings.SplitSeq(b.file.fault.Error(), "\n") {
			f.Faults = append(f.Faults, page.Bound(fault, longestText))
		}
	}
	return f
}

func (b *Balancer) applyReport() ApplyReport {
	a := ApplyReport{Count: b.apply.count, Last: moment(b.apply.at), Seconds: seconds(b.apply.took), Error: text(b.apply.err)}
	if b.apply.now != nil {
		a.Running = moment(b.apply.began)
	}
	if b.apply.err != nil {
		a.FailingSince = moment(b.apply.since)
	}
	return a
}

// services are those of the file, with what the forwarder and the probes say of
// them. b.mu is held.
func (b *Balancer) services(probes probe.Status) []ServiceReport {
	forwarded := make(map[string]dataplane.ServiceStatus, len(b.sample.status.Services))
	for _, s := range b.sample.status.Services {
		forwarded[s.String()] = s
	}
	verdicts := make(map[target]probe.TargetStatus, len(probes.Targets))
	for _, t := range probes.Targets {
		verdicts[target{t.Group, t.Endpoint}] = t
	}
	cfg := cmp.Or(b.current, b.next)
	all := []ServiceReport{}
	for _, s := range cfg.DataPlane.Services {
		all = append(all, b.service(cfg, s, forwarded[s.String()], verdicts))
	}
	return all
}

func (b *Balancer) service(cfg *config.Config, s dataplane.Service, f dataplane.ServiceStatus, verdicts map[target]probe.TargetStatus) ServiceReport {
	r := ServiceReport{
		Name: cfg.Names[s.String()], Address: s.String(), Mode: s.Mode.String(), IdleSeconds: seconds(s.Idle()), Untracked: s.Untracked,
		Rows: f.Rows, Changing: f.Changing, Excepted: f.Excepted, Endpoints: []EndpointReport{},
	}
	counted := make(map[netip.AddrPort]dataplane.EndpointStatus, len(f.Endpoints))
	for _, e := range f.Endpoints {
		counted[netip.AddrPortFrom(e.Addr, e.Port)] = e
	}
	add := func(k netip.AddrPort, e EndpointReport) {
		c := counted[k]
		delete(counted, k)
		e.Address, e.Share, e.NextHop = k.String(), c.Share, c.NextHop
		e.Packets, e.Bytes, e.Connections, e.Replies = c.Packets, c.Bytes, c.Connections, c.Replies
		e.Rates = b.sample.rates[counterKey{netip.AddrPortFrom(s.VIP, s.Port), s.Protocol, k}]
		r.add(e.Rates)
		r.Endpoints = append(r.Endpoints, e)
	}
	for _, e := range s.Endpoints {
		k := netip.AddrPortFrom(e.Addr, e.Port)
		told := EndpointReport{Weight: e.Weight, Drained: b.drains[k] != nil, Health: NotProbed}
		if v, probed := verdicts[target{s.String(), k}]; probed {
			r.Probed = true
			told.Health, told.Since, told.HeldUntil = Health(v.State.String()), moment(v.Since), moment(v.HeldUntil)
			told.Reason = page.Bound(v.LastError, longestText)
		}
		switch {
		case told.Health == Down:
			r.Down++
		case told.Weight > 0 && !told.Drained && told.Health != Unknown:
			r.Serving++
		}
		add(k, told)
	}
	for _, e := range f.Endpoints { // what is left: the file no longer names it
		if k := netip.AddrPortFrom(e.Addr, e.Port); counted[k].Addr.IsValid() {
			add(k, EndpointReport{Health: Removed})
		}
	}
	return r
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return page.Bound(err.Error(), longestText)
}

// moment is t in UTC, for JSON.
func moment(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.UTC().Truncate(time.Millisecond)
}

func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }
