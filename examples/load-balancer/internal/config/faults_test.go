package config_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

// Each fault is told with its line, the field, its value and what to do; several
// are told at once. The lines are added to a file that is well.
func TestFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		add  string
		says []string // each behind "lb.yaml:"
	}{
		"unknown field":        {"vips: 1", []string{"10: vips 1 is not known; mend: leave it out; there are [capacity damping gateways interfaces listen seed seedFile services shutdownDelay snat socket]"}},
		"unknown field, near":  {"gateway: [10.0.0.254]", []string{`10: gateway (a list of 1) is not known; mend: "gateways", or leave it out`}},
		"unknown in a service": {"  wieght: 1", []string{"10: services[0].wieght 1 is not known; mend: leave it out; there are [endpoints idleTimeout mode name port ports probe protocol untracked vip]"}},
		"twice":                {"seed: 2", []string{"10: seed is given in line 1 as well; mend: leave one of them out"}},
		"no value":             {"listen:", []string{`10: listen "" has no value; mend: give it one, or leave the field out`}},
		"merge":                {`<<: {listen: ":1"}`, []string{`10: "<<" is not supported; mend: give the fields themselves, or the whole value as an alias`}},
		"no mapping":           {"damping: 5", []string{"10: damping 5 is no mapping; mend: fields and values, of [halfLife maxHold off reuse suppress]"}},
		"no list":              {"gateways: 10.0.0.254", []string{`10: gateways 10.0.0.254 is no list; mend: "- " before each, or [ ] around them`}},
		"null in a list":       {"gateways: [~]", []string{`10: gateways[0] "~" has no value; mend: give it one, or leave it out`}},
		"seed and seedFile": {"seedFile: seed", []string{
			"10: seedFile seed cannot be read: open seed: no such file or directory; mend: a file that holds the seed",
			"10: seedFile seed contradicts seed; mend: give one of them",
		}},
		"seed file":            {"snat: [{address: 10.0.0.250}]", []string{"10: snat[0].ports is missing; mend: those that are this instance's to give, such as 1024-65535"}},
		"listen without port":  {"listen: localhost", []string{"10: listen localhost is no address with a port; mend: such as :8080 or 127.0.0.1:8080; leave it out for no page"}},
		"listen, port":         {"listen: localhost:http", []string{`10: listen localhost:http has no port from 0 to 65535, but "http"; mend: such as :8080 or 127.0.0.1:8080; leave it out for no page`}},
		"socket relative":      {"socket: lb.sock", []string{"10: socket lb.sock does not begin with /; mend: the whole path, such as /run/load-balancer/control.sock"}},
		"allow":                {`interfaces: {allow: "eth("}`, []string{"10: interfaces.allow \"eth(\" is no regular expression: error parsing regexp: missing closing ): `eth(`; mend: one for the whole name, such as eth.*"}},
		"generic":              {"interfaces: {generic: yes}", []string{"10: interfaces.generic yes is neither true nor false; mend: true or false, without quotes"}},
		"capacity 0":           {"capacity: {flows: 0}", []string{"10: capacity.flows 0 is not from 1 to 67108864; mend: from 1 to 67108864"}},
		"capacity text":        {`capacity: {flows: "5"}`, []string{"10: capacity.flows 5 is a text, as it has quotes; mend: the number without quotes"}},
		"capacity octal":       {"capacity: {flows: 010}", []string{"10: capacity.flows 010 is no whole number in decimal; mend: from 1 to 67108864"}},
		"capacity too small":   {"capacity: {services: 1, endpoints: 1}", []string{"3: services has 16 endpoints with all ports, and 16 for each at least, more than capacity.endpoints (1); mend: a higher capacity.endpoints, or fewer"}},
		"damping off and more": {"damping: {off: true, reuse: 1}", []string{"10: damping has off: true, and more; mend: leave out off, or the others"}},
		"damping bounds": {"damping: {halfLife: 1ms, reuse: 5, suppress: 0.5}", []string{
			"10: damping.suppress 0.5 is no number from 1 to 100; mend: from 1 to 100",
			"10: damping.halfLife 1ms is not from 100ms to 24h; mend: leave it out for 30s, or a time between",
			"10: damping.reuse 5 is not from 0.1 to suppress (1); mend: half of suppress",
		}},
		"damping cap":          {"damping: {maxHold: 1s}", []string{"10: damping.maxHold 1s caps the penalty at 1.54, below suppress (3): nothing would be held; mend: at least 30s, or off: true"}},
		"shutdown delay":       {"shutdownDelay: 2h", []string{"10: shutdownDelay 2h is more than 1h; mend: a shorter time"}},
		"no unit":              {"  idleTimeout: 350", []string{"10: services[0].idleTimeout 350 has no unit; mend: such as 350s or 350ms"}},
		"no time":              {"  idleTimeout: soon", []string{"10: services[0].idleTimeout soon is no time; mend: a positive time with its unit, such as 350s, 2m or 500ms"}},
		"negative":             {"  idleTimeout: -1s", []string{"10: services[0].idleTimeout -1s is not positive; mend: a positive time with its unit, such as 350s, 2m or 500ms; leave it out for the default"}},
		"too short":            {"  idleTimeout: 1ms", []string{"10: services[0].idleTimeout 1ms is not from 1s to 24h; mend: leave it out for the default, or a time between"}},
		"snat without ports":   {"snat: [{address: 10.0.0.250}]", []string{"10: snat[0].ports is missing; mend: those that are this instance's to give, such as 1024-65535"}},
		"snat ports":           {"snat: [{address: 10.0.0.250, ports: 1023-2000}]", []string{"10: snat[0].ports 1023-2000 is not from 1024 to 65535; mend: the first and the last port, such as 1024-65535"}},
		"snat order":           {"snat: [{address: 10.0.0.250, ports: 3000-2000}]", []string{"10: snat[0].ports 3000-2000 ends before it begins; mend: the first and the last port, such as 1024-65535"}},
		"snat is the VIP":      {"snat: [{address: 192.0.2.1, ports: 2000-3000}]", []string{"10: snat[0].address 192.0.2.1 is a VIP as well; mend: an address of its own"}},
		"snat overlap":         {"snat: [{address: 10.0.0.250, ports: 2000-3000}, {address: 10.0.0.250, ports: 3000-4000}]", []string{"10: snat[1] overlaps snat[0] (line 10) of the same address; mend: ranges that do not share a port"}},
		"snat range":           {"snat: [{address: 10.0.0.250, ports: many}]", []string{"10: snat[0].ports many is no range of ports; mend: the first and the last port, such as 1024-65535"}},
		"gateway":              {"gateways: [127.0.0.1]", []string{"10: gateways[0] 127.0.0.1 is no host's address; mend: the address that endpoints have as their gateway"}},
		"one-arm without snat": {"  mode: one-arm", []string{"10: services[0].mode one-arm needs an address in snat of the VIP's family; mend: add one, or use DNAT"}},
		"mode":                 {"  mode: 3", []string{"10: services[0].mode 3 is not known; mend: one of dnat, one-arm, 0, 1"}},
		"untracked TCP":        {"  untracked: true", []string{"10: services[0].untracked true is for UDP services in DNAT mode; mend: leave it out"}},
		"port and ports":       {"  ports: [81]", []string{"10: services[0].ports (a list of 1) contradicts port; mend: give one of them"}},
		"name":                 {"  name: a b", []string{`10: services[0].name "a b" is no name; mend: up to 63 of a-z, A-Z, 0-9, '.', '-' and '_'`}},
		"name of another":      {"  name: web\n- {name: web, vip: 192.0.2.1, port: 81, protocol: tcp, endpoints: []}", []string{"11: services[1].name web is the name of services[0] (line 3) as well; mend: a name for each service, or none"}},
		"same service":         {"- {vip: 192.0.2.1, ports: [81, 80], protocol: tcp, endpoints: []}", []string{"10: services[1] is the address of services[0] (line 3) as well; mend: one service for each address, port and protocol"}},
		"no ports":             {"- {vip: 192.0.2.1, ports: [], protocol: tcp, endpoints: []}", []string{"10: services[1].ports (a list of 0) has no ports; mend: one at least"}},
		"port twice":           {"- {vip: 192.0.2.1, ports: [81, 80-90], protocol: tcp, endpoints: []}", []string{"10: services[1].ports[1] 80-90 has 81, which is in services[1].ports[0] as well; mend: each port once"}},
		"ports backwards":      {"- {vip: 192.0.2.1, ports: [90-80], protocol: tcp, endpoints: []}", []string{"10: services[1].ports[0] 90-80 ends before it begins; mend: a port, or the first and the last, such as 8000-8010, from 1 to 65535"}},
		"port 0":               {"- {vip: 192.0.2.1, port: 0, protocol: tcp, endpoints: []}", []string{"10: services[1].port 0 is not from 1 to 65535; mend: from 1 to 65535"}},
		"missing": {"- {name: web}", []string{
			"10: services[1].vip is missing; mend: the address that clients connect to, such as 192.0.2.1",
			"10: services[1].port is missing; mend: the port that clients connect to; or ports, a list of them",
			"10: services[1].protocol is missing; mend: tcp or udp",
			"10: services[1].endpoints is missing; mend: a list of where connections go; [] for none",
		}},
		"protocol":         {"- {vip: 192.0.2.1, port: 81, protocol: sctp, endpoints: []}", []string{"10: services[1].protocol sctp is not known; mend: one of tcp, udp"}},
		"vip prefix":       {"- {vip: 192.0.2.1/24, port: 81, protocol: tcp, endpoints: []}", []string{"10: services[1].vip 192.0.2.1/24 is a prefix, not an address; mend: the address alone: 192.0.2.1"}},
		"vip port":         {`- {vip: "192.0.2.1:80", port: 81, protocol: tcp, endpoints: []}`, []string{"10: services[1].vip 192.0.2.1:80 has a port; mend: the address alone: 192.0.2.1; ports have fields of their own"}},
		"vip name":         {"- {vip: example.com, port: 81, protocol: tcp, endpoints: []}", []string{"10: services[1].vip example.com is no IP address; mend: an address that clients can connect to, such as 192.0.2.1; names are not looked up"}},
		"vip multicast":    {"- {vip: 224.0.0.1, port: 81, protocol: tcp, endpoints: []}", []string{"10: services[1].vip 224.0.0.1 is no host's address; mend: an address that clients can connect to, such as 192.0.2.1"}},
		"vip zone":         {`- {vip: "fe80::1%eth0", port: 81, protocol: tcp, endpoints: []}`, []string{"10: services[1].vip fe80::1%eth0 has a zone; mend: an address that clients can connect to, such as 192.0.2.1"}},
		"vip list":         {"- {vip: [192.0.2.1], port: 81, protocol: tcp, endpoints: []}", []string{"10: services[1].vip (a list of 1) is no single value; mend: an address that clients can connect to, such as 192.0.2.1"}},
		"other family":     {`- {vip: "2001:db8::1", port: 81, protocol: tcp, endpoints: [{address: 10.0.0.1}]}`, []string{"10: services[1].endpoints[0].address 10.0.0.1 is of another address family than the VIP 2001:db8::1; mend: a service for each family"}},
		"weight":           {"- {vip: 192.0.2.1, port: 81, protocol: tcp, endpoints: [{address: 10.0.0.1, weight: 101}]}", []string{"10: services[1].endpoints[0].weight 101 is not from 0 to 100; mend: from 0 to 100"}},
		"endpoint twice":   {"- {vip: 192.0.2.1, port: 81, protocol: tcp, endpoints: [{address: 10.0.0.1}, {address: 10.0.0.1, port: 81}]}", []string{"10: services[1].endpoints[1] is services[1].endpoints[0] (line 10) as well; mend: leave one of them out"}},
		"endpoint empty":   {"- {vip: 192.0.2.1, port: 81, protocol: tcp, endpoints: [{}]}", []string{"10: services[1].endpoints[0].address is missing; mend: where the endpoint serves, such as 10.0.0.1"}},
		"endpoint address": {"- {vip: 192.0.2.1, port: 81, protocol: tcp, endpoints: [{address: 0.0.0.0}]}", []string{"10: services[1].endpoints[0].address 0.0.0.0 is no host's address; mend: the address at which it serves"}},
		"many ports": {"- {vip: 192.0.2.1, ports: [1-65535], protocol: tcp, endpoints: []}", []string{
			"3: services has 65536 services with all ports, more than capacity.services (10000); mend: a higher capacity.services, or fewer",
			"3: services has 1048576 endpoints with all ports, and 16 for each at least, more than capacity.endpoints (262144); mend: a higher capacity.endpoints, or fewer",
		}},
		"probe type":            {"  probe: {type: ping}", []string{"10: services[0].probe.type ping is not known; mend: one of tcp, udp, http, https, icmp, none"}},
		"probe without type":    {"  probe: {interval: 1s}", []string{"10: services[0].probe.type is missing; mend: one of tcp, udp, http, https, icmp, none"}},
		"probe none and more":   {"  probe: {type: none, rise: 2}", []string{"10: services[0].probe.rise 2 does not belong to a probe of type none; mend: leave it out; there are [type]"}},
		"probe of another type": {"  probe: {type: tcp, path: /}", []string{"10: services[0].probe.path / does not belong to a probe of type tcp; mend: leave it out; there are [type interval timeout rise fall noticeWithin source interface port halfOpen]"}},
		"icmp with port":        {"  probe: {type: icmp, port: 80}", []string{"10: services[0].probe.port 80 does not belong to a probe of type icmp; mend: leave it out; there are [type interval timeout rise fall noticeWithin source interface]"}},
		"tls of http":           {"  probe: {type: http, tls: {}}", []string{"10: services[0].probe.tls does not belong to a probe of type http; mend: leave it out; there are [type interval timeout rise fall noticeWithin source interface port method path host headers status body]"}},
		"notice":                {"  probe: {type: tcp, interval: 10s}", []string{"10: services[0].probe.fall 2 × interval (10s) + timeout (8s) is 28s, longer than noticeWithin (3s); mend: make interval or fall smaller, or noticeWithin longer"}},
		"notice bounds":         {"  probe: {type: tcp, noticeWithin: 1ms}", []string{"10: services[0].probe.noticeWithin 1ms is not from 100ms to 24h; mend: leave it out for 3s, or a time between"}},
		"interval":              {"  probe: {type: tcp, interval: 1ms}", []string{"10: services[0].probe.interval 1ms is not from 100ms to 1h; mend: leave it out for 1s, or a time between"}},
		"timeout":               {"  probe: {type: tcp, interval: 1s, timeout: 1s}", []string{"10: services[0].probe.timeout 1s is not from 10ms to 9/10 of interval (900ms); mend: leave it out for 4/5 of interval, or a longer interval"}},
		"rise":                  {"  probe: {type: tcp, rise: 0}", []string{"10: services[0].probe.rise 0 is not from 1 to 100; mend: from 1 to 100"}},
		"source":                {`  probe: {type: tcp, source: "2001:db8::1"}`, []string{"10: services[0].probe.source 2001:db8::1 is of another address family than the endpoint 10.0.0.1:8080; mend: an address of this host of the endpoint's family"}},
		"source name":           {"  probe: {type: tcp, source: eth0}", []string{"10: services[0].probe.source eth0 is no IP address; mend: an address of this host, of the endpoints' family; names are not looked up"}},
		"path":                  {"  probe: {type: http, path: healthz}", []string{`10: services[0].probe.path healthz is no path; mend: one that starts with "/", and escapes what URLs escape`}},
		"method":                {`  probe: {type: http, method: "GET X"}`, []string{`10: services[0].probe.method "GET X" is no method; mend: GET or HEAD`}},
		"status":                {"  probe: {type: http, status: [ok]}", []string{"10: services[0].probe.status[0] ok is no status; mend: a status, or a range such as 200-299"}},
		"status bounds":         {"  probe: {type: http, status: [200, 700]}", []string{"10: services[0].probe.status[1] 700 is no range from 200 to 599; mend: such as 200-299"}},
		"no statuses":           {"  probe: {type: http, status: []}", []string{"10: services[0].probe.status (a list of 0) has no statuses; mend: one at least; leave it out for 200-299"}},
		"body of HEAD":          {"  probe: {type: http, method: HEAD, body: x}", []string{"10: services[0].probe.body x cannot be in an answer to HEAD; mend: GET"}},
		"header":                {`  probe: {type: http, headers: {"a b": c}}`, []string{"10: services[0].probe.headers is no header; mend: a name without blanks and colons, and a value of one line"}},
		"headers":               {"  probe: {type: http, headers: [a]}", []string{"10: services[0].probe.headers (a list of 1) is no mapping; mend: fields and values, of [a]"}},
		"silence":               {"  probe: {type: udp, silenceIsWell: true, expect: x}", []string{"10: services[0].probe.silenceIsWell true contradicts expect; mend: one of them"}},
		"base64":                {`  probe: {type: udp, payload: !!binary "@"}`, []string{`10: services[0].probe.payload "@" is no base64: illegal base64 data at input byte 0; mend: a text, or !!binary and base64`}},
		"ca file":               {"  probe: {type: https, tls: {caFile: /no/such/file}}", []string{"10: services[0].probe.tls.caFile /no/such/file cannot be read: open /no/such/file: no such file or directory; mend: a file with certificates, as PEM"}},
		"ca and none": {"  probe: {type: https, tls: {caFile: /no/such/file, insecureSkipVerify: true}}", []string{
			"10: services[0].probe.tls.caFile /no/such/file cannot be read: open /no/such/file: no such file or directory; mend: a file with certificates, as PEM",
			"10: services[0].probe.tls.caFile /no/such/file contradicts insecureSkipVerify; mend: leave one of them out",
		}},
		"key without certificate": {"  probe: {type: https, tls: {keyFile: k}}", []string{"10: services[0].probe.tls has one of certFile and keyFile; mend: both, or neither"}},
		"key pair":                {"  probe: {type: https, tls: {certFile: /no/such/file, keyFile: k}}", []string{"10: services[0].probe.tls.certFile /no/such/file cannot be used: open /no/such/file: no such file or directory; mend: a certificate and its key, as PEM"}},
		"second document":         {"---\nservices: []", []string{`10: a second document begins; mend: leave out the "---" and what is behind it`}},
		"tab":                     {"\tx: 1", []string{"9: this is no YAML: found a tab character that violates indentation; mend: put the line, or one before it, right"}},
		"syntax":                  {"  x: [", []string{"10: this is no YAML: did not find expected node content; mend: put the line, or one before it, right"}},
		"several at once": {"listen: x\ngateways: [nobody]\nbogus: 1", []string{
			"10: listen x is no address with a port; mend: such as :8080 or 127.0.0.1:8080; leave it out for no page",
			"11: gateways[0] nobody is no IP address; mend: the address that endpoints have as their gateway; names are not looked up",
			"12: bogus 1 is not known; mend: leave it out; there are [capacity damping gateways interfaces listen seed seedFile services shutdownDelay snat socket]",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Parse("lb.yaml", []byte(small+c.add))
			require.EqualError(t, err, "lb.yaml:"+strings.Join(c.says, "\nlb.yaml:"))
			var fault *config.Fault
			require.ErrorAs(t, err, &fault)
			require.Equal(t, "lb.yaml", fault.File)
			require.NotEmpty(t, fault.Mend)
		})
	}
	_, err := config.Parse("lb.yaml", []byte(small))
	require.NoError(t, err)
}
