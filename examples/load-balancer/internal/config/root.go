package config

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/dataplane/xdp"
)

// longestSocket is how long the path of a unix socket can be (unix(7)).
const longestSocket = 107

// config reads the whole file.
func (r *reading) config(root value) *Config {
	c := &Config{Names: make(map[string]string), file: r.file, given: make(map[string]place)}
	c.Socket, c.Capacity = DefaultSocket, xdp.Capacity{Services: defaultServices, Endpoints: defaultEndpoints}
	var services []service
	has := root.read(fields{
		"seed":          func(v value) { c.Seed = v.seed() },
		"seedFile":      func(v value) { c.Seed = v.seedFile() },
		"interfaces":    func(v value) { c.Interfaces, c.Generic = v.interfaces() },
		"capacity":      func(v value) { v.capacity(&c.Capacity) },
		"damping":       func(v value) { c.Damping = v.damping() },
		"listen":        func(v value) { c.Listen = v.listen() },
		"socket":        func(v value) { c.Socket = v.socket() },
		"shutdownDelay": func(v value) { c.ShutdownDelay = v.shutdownDelay() },
		"snat": func(v value) {
			v.list(func(_ int, item value) { c.DataPlane.SNAT = append(c.DataPlane.SNAT, item.snat()) })
		},
		"gateways": func(v value) {
			v.list(func(_ int, item value) {
				c.DataPlane.Gateways = append(c.DataPlane.Gateways, item.address("the address that endpoints have as their gateway"))
			})
		},
		"services": func(v value) { services = v.services() },
	})
	root.need(has, "services", "a list of services; [] for none")
	_, plain := has["seed"]
	file, kept := has["seedFile"]
	if plain && kept {
		file.fault("contradicts seed", "give one of them")
	} else if !plain && !kept {
		root.need(has, "seed", `a number, the same for all instances and kept secret, such as "echo 0x$(openssl rand -hex 8)" gives; or seedFile, the file that holds it`)
	}
	c.DataPlane.Seed = c.Seed
	for name, v := range has {
		c.given[name] = place{v.line, v.shown()}
	}
	r.expand(root, c, services)
	return c
}

const mendSeed = "a number from 0 to 2^64-1, in decimal or as 0x and 16 digits"

// seed is a number of 64 bits.
func (v value) seed() uint64 {
	if !v.scalar(mendSeed) {
		return 0
	}
	n, err := strconv.ParseUint(v.node.Value, 0, 64)
	if err != nil {
		v.fault("is no number of 64 bits", mendSeed)
	}
	return n
}

// seedFile is the number in another file.
func (v value) seedFile() uint64 {
	name := v.relative(v.text("the file that holds the seed"))
	content, err := os.ReadFile(name)
	if err != nil {
		v.fault("cannot be read: "+err.Error(), "a file that holds the seed")
		return 0
	}
	n, err := strconv.ParseUint(string(bytes.TrimSpace(content)), 0, 64)
	if err != nil {
		v.fault("does not hold a number of 64 bits", mendSeed)
	}
	return n
}

func (v value) interfaces() (names xdp.Interfaces, generic bool) {
	v.read(fields{
		"allow":   func(v value) { names.Allow = v.expression() },
		"deny":    func(v value) { names.Deny = v.expression() },
		"generic": func(v value) { generic = v.boolean() },
	})
	return names, generic
}

func (v value) expression() string {
	text := v.text("a regular expression for the whole name, such as eth.*")
	if _, err := regexp.Compile(text); err != nil {
		v.fault("is no regular expression: "+err.Error(), "one for the whole name, such as eth.*")
	}
	return text
}

// What is used where the file says nothing of the capacity.
const (
	defaultServices  = 10_000
	defaultEndpoints = 1 << 18
)

func (v value) capacity(c *xdp.Capacity) {
	number := func(n *int, most int) func(value) { return func(v value) { *n = v.integer(1, most) } }
	v.read(fields{
		"services": number(&c.Services, 1<<20), "endpoints": number(&c.Endpoints, 1<<24), "rows": number(&c.Rows, 1<<28),
		"exceptions": number(&c.Exceptions, 1<<26), "flows": number(&c.Flows, 1<<26), "embryonic": number(&c.Embryonic, 1<<24),
	})
}

func (v value) damping() (d probe.Damping) {
	v.read(fields{
		"off":      func(v value) { d.Off = v.boolean() },
		"halfLife": func(v value) { d.HalfLife = v.duration() },
		"suppress": func(v value) { d.Suppress = v.number(1, 100) },
		"reuse":    func(v value) { d.Reuse = v.number(0.1, 100) },
		"maxHold":  func(v value) { d.MaxHold = v.duration() },
	})
	if d.Off && d != (probe.Damping{Off: true}) {
		v.fault("has off: true, and more", "leave out off, or the others")
	}
	_, err := probe.New(probe.Config{Damping: d, Concurrency: 1})
	v.refused(err, func(field string) value { return v.step(inYAML(strings.TrimPrefix(field, "Damping.")), false, 0) })
	return d
}

// listen is an address with a port.
func (v value) listen() string {
	const mend = "such as :8080 or 127.0.0.1:8080; leave it out for no page"
	text := v.text(mend)
	if text == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		v.fault("is no address with a port", mend)
	} else if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		v.fault(fmt.Sprintf("has no port from 0 to 65535, but %q", port), mend)
	}
	return text
}

func (v value) socket() string {
	path := v.text("the path of a socket, such as " + DefaultSocket)
	switch {
	case path == "":
	case !filepath.IsAbs(path):
		v.fault("does not begin with /", "the whole path, such as "+DefaultSocket)
	case len(path) > longestSocket:
		v.fault(fmt.Sprintf("is longer than %d bytes, which is all that a socket's path can have", longestSocket), "a shorter one, such as "+DefaultSocket)
	}
	return path
}

// maxShutdownDelay is longer than anybody waits for.
const maxShutdownDelay = time.Hour

func (v value) shutdownDelay() time.Duration {
	d := v.duration()
	if d > maxShutdownDelay {
		v.fault("is more than 1h", "a shorter time")
	}
	return d
}

func (v value) snat() (s dataplane.SNAT) {
	has := v.read(fields{
		"address": func(v value) { s.Addr = v.address("a free address in the endpoints' network") },
		"ports":   func(v value) { s.First, s.Last, _ = v.ports(1024) },
	})
	v.need(has, "address", "a free address in the endpoints' network")
	v.need(has, "ports", "those that are this instance's to give, such as 1024-65535")
	return s
}
