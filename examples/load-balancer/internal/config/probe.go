package config

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/regent-ha/regent/dataplane/probe"
)

// probe reads how endpoints are probed. The result has no Probe if they are not,
// or for a fault.
func (v value) probe() (t probe.Target) {
	var tcp probe.TCP
	var udp probe.UDP
	var web probe.HTTP
	var secured probe.TLS
	kind := ""
	has := v.read(fields{
		"type":         func(v value) { kind = v.oneOf(probeTypes()...) },
		"port":         func(v value) { t.Port = v.port() },
		"interval":     func(v value) { t.Interval = v.duration() },
		"timeout":      func(v value) { t.Timeout = v.duration() },
		"rise":         func(v value) { t.Rise = v.integer(1, 100) },
		"fall":         func(v value) { t.Fall = v.integer(1, 100) },
		"noticeWithin": func(v value) { v.noticeWithin() },
		"source":       func(v value) { t.Source = v.address("an address of this host, of the endpoints' family") },
		"interface":    func(v value) { t.Interface = v.text("the name of a network interface") },

		"halfOpen": func(v value) { tcp.HalfOpen = v.boolean() },

		"payload":       func(v value) { udp.Payload = v.bytes() },
		"expect":        func(v value) { udp.Expect = v.bytes() },
		"silenceIsWell": func(v value) { udp.SilenceIsWell = v.boolean() },

		"method":  func(v value) { web.Method = v.text("GET or HEAD") },
		"path":    func(v value) { web.Path = v.text("what is asked for, such as /healthz") },
		"host":    func(v value) { web.Host = v.text("a name or an address") },
		"headers": func(v value) { web.Header = v.headers() },
		"status":  func(v value) { web.Status = v.statuses() },
		"body":    func(v value) { web.Body = v.text("what the answer has to contain") },
		"tls":     func(v value) { secured = v.tls() },
	})
	v.need(has, "type", "one of "+strings.Join(probeTypes(), ", "))
	switch kind {
	case "tcp":
		t.Probe = tcp
	case "udp":
		t.Probe = udp
	case "http":
		t.Probe = web
	case "https":
		web.TLS = &secured
		t.Probe = web
	case "icmp":
		t.Probe = probe.ICMP{}
	case "":
		return probe.Target{}
	}
	allowed := fieldsOf(kind)
	for _, name := range slices.Sorted(maps.Keys(has)) {
		if !slices.Contains(allowed, name) {
			has[name].fault("does not belong to a probe of type "+kind, fmt.Sprintf("leave it out; there are %v", allowed))
		}
	}
	return t
}

func probeTypes() []string { return []string{"tcp", "udp", "http", "https", "icmp", "none"} }

// fieldsOf are the fields that a type of probe has.
func fieldsOf(kind string) []string {
	all := []string{"type"}
	if kind == "none" {
		return all
	}
	all = append(all, "interval", "timeout", "rise", "fall", "noticeWithin", "source", "interface")
	if kind != "icmp" {
		all = append(all, "port")
	}
	switch kind {
	case "tcp":
		all = append(all, "halfOpen")
	case "udp":
		all = append(all, "payload", "expect", "silenceIsWell")
	case "https":
		all = append(all, "tls")
		fallthrough
	case "http":
		all = append(all, "method", "path", "host", "headers", "status", "body")
	}
	return all
}

// MaxNotice bounds noticeWithin, as package probe does: give it to the Prober, as
// the times of each target were checked.
const MaxNotice = 24 * time.Hour

func (v value) noticeWithin() time.Duration {
	d := v.duration()
	if d != 0 && (d < 100*time.Millisecond || d > MaxNotice) {
		v.fault("is not from 100ms to 24h", "leave it out for 3s, or a time between")
		return 0
	}
	return d
}

// judgeProbe lets package probe judge how a service is probed.
func (r *reading) judgeProbe(s service) {
	v, given := s.child("probe")
	if !given || s.like.Probe == nil || r.told(v.field) {
		return
	}
	within := DefaultNoticeWithin
	if n, ok := v.child("noticeWithin"); ok {
		within = n.noticeWithin()
	}
	prober, err := probe.New(probe.Config{NoticeWithin: within, Concurrency: 1})
	if err != nil {
		v.fault(err.Error(), "another value")
		return
	}
	t := s.like
	t.Group, t.Endpoint = "any", s.anyEndpoint()
	if !t.Endpoint.IsValid() {
		return // a fault was told
	}
	v.refused(prober.Set([]probe.Target{t}), func(field string) value {
		at := v
		for _, name := range strings.Split(strings.TrimPrefix(strings.TrimPrefix(field, "Targets[0]."), "Probe."), ".") {
			bare, index, indexed := strings.Cut(strings.TrimSuffix(name, "]"), "[")
			i, _ := strconv.Atoi(index) // none: 0, and not asked for
			at = at.step(inYAML(bare), indexed, i)
		}
		return at
	})
}

// headers are names, each with a value or a list of them.
func (v value) headers() http.Header {
	all := make(http.Header)
	const mend = "a value, or a list of them"
	known := make(fields)
	for i := 0; i < len(v.node.Content); i += 2 { // any name will do here
		name := v.node.Content[i].Value
		known[name] = func(v value) {
			if _, list := v.item(0); list {
				v.list(func(_ int, item value) { all.Add(name, item.text(mend)) })
				return
			}
			all.Add(name, v.text(mend))
		}
	}
	v.read(known)
	return all
}

// statuses are a list of statuses and of ranges.
func (v value) statuses() (all []probe.StatusRange) {
	v.list(func(_ int, item value) {
		const mend = "a status, or a range such as 200-299"
		if !item.scalar(mend) {
			return
		}
		low, high, isRange := strings.Cut(item.node.Value, "-")
		if !isRange {
			high = low
		}
		a, errA := decimal(low)
		b, errB := decimal(high)
		if errA != nil || errB != nil {
			item.fault("is no status", mend)
			return
		}
		all = append(all, probe.StatusRange{Low: a, High: b})
	})
	if len(v.node.Content) == 0 {
		v.fault("has no statuses", "one at least; leave it out for 200-299")
	}
	return all
}
