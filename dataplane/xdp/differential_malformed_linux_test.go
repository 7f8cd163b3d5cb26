package xdp_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
)

var malformed = flag.Duration("malformed", 3*time.Second, "for how long the program gets packets that are out of the ordinary")

// Whatever comes, it is dropped for one reason that is counted, left as it is, or
// sent; then nothing has changed but what has to, and sums are right if they were.
func TestMalformed(t *testing.T) {
	for name, guarded := range map[string]bool{"with CAP_PERFMON": false, "without": true} {
		t.Run(name, func(t *testing.T) {
			seed := *seedFlag
			if seed == 0 {
				seed = uint64(time.Now().UnixNano())
			}
			u := everything(seed, networks4(), networks6())
			f := &fuzz{desk: newDesk(t, times(plenty), guarded), oracle: oracle{universe: u, guarded: guarded}, dice: rand.New(rand.NewPCG(seed, 2)), fates: make(map[fate]int)}
			require.NoError(t, f.host.Do(func() error { return f.all(*malformed) }), "seed %d", seed)
			t.Logf("%d frames: %v", f.frames, f.fates)
		})
	}
}

type fuzz struct {
	*desk
	oracle
	dice   *rand.Rand
	counts map[string]uint64
	frames int
	fates  map[fate]int
}

func (f *fuzz) all(duration time.Duration) (err error) {
	if err := errors.Join(f.forwarder.Begin(f.config()), f.forwarder.Survey()); err != nil {
		return err
	}
	if f.counts, err = f.forwarder.Counts(); err != nil {
		return err
	}
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if f.dice.IntN(5000) == 0 {
			f.pass(tick)
		}
		frame, how := f.frame(), []string(nil)
		for range f.dice.IntN(4) {
			m := mutations()[f.dice.IntN(len(mutations()))]
			how, frame = append(how, m.name), m.apply(f.dice, frame)
		}
		if len(frame) < etherLen { // no device has such
			continue
		}
		if err := f.try(frame); err != nil {
			return fmt.Errorf("%w: after %q, of %d bytes:\n%x", err, how, len(frame), frame)
		}
	}
	return nil
}

// frame is one in which nothing is wrong.
func (f *fuzz) frame() []byte {
	s := f.services[f.dice.IntN(len(f.services))]
	client := f.clients[f.dice.IntN(len(f.clients))]
	for client.Addr().Is4() != s.VIP.Is4() {
		client = f.clients[f.dice.IntN(len(f.clients))]
	}
	e := s.Endpoints[f.dice.IntN(len(s.Endpoints))]
	out := segment{from: client, to: at(s.VIP, s.Port), protocol: s.Protocol, flags: []byte{flagSYN, flagACK}[f.dice.IntN(2)], ttl: 64, mac: cause(), payload: make([]byte, f.dice.IntN(40))}
	if f.dice.IntN(20) == 0 {
		out.payload = make([]byte, f.dice.IntN(jumbo-ip6Len-tcpLen))
	}
	back := out
	back.from, back.to = at(e.Addr, e.Port), client
	switch f.dice.IntN(8) {
	case 0:
		back.to = f.ports[f.dice.IntN(len(f.ports))]
		if back.to.Addr().Is4() != s.VIP.Is4() {
			return out.frame()
		}
		return back.frame()
	case 1:
		return back.frame()
	case 2:
		out.to = at(e.Addr, e.Port)
	case 3:
		out.to = at(s.VIP, 81)
	case 4:
		q := quote{from: client.Addr(), to: s.VIP, about: segment{protocol: s.Protocol, from: out.to, to: client}}
		return q.frame(cause())
	case 5:
		return echo(client.Addr(), s.VIP)
	}
	return out.frame()
}

// try runs the program on a frame.
func (f *fuzz) try(frame []byte) error {
	f.frames++
	h := f.read(frame)
	verdict, out, err := f.run(frame)
	if err != nil {
		return err
	}
	var got fate
	switch verdict {
	case xdpTX, xdpRedirect:
		got = sent
	case xdpPass:
		if got = left; !bytes.Equal(frame, out) {
			got = handed
		}
	case xdpDrop:
		if got, err = f.reason(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("verdict %d", verdict)
	}
	f.fates[got]++
	if arp := binary.BigEndian.Uint16(frame[12:]) == 0x0806; arp {
		return nil
	}
	if may := f.may(frame, h); !slices.Contains(may, got) {
		return fmt.Errorf("is %s, and not %v", got, may)
	}
	if (got == sent || got == handed) && !(h.protocol == protoICMPv6 && frame[h.l4] == 135) {
		return f.compare(frame, slices.Clone(out), h, got)
	}
	return nil
}

// reason is the counter that has grown, by one.
func (f *fuzz) reason() (fate, error) {
	counts, err := f.forwarder.Counts()
	if err != nil {
		return "", err
	}
	var grown []fate
	for name, n := range counts {
		if n != f.counts[name] && !slices.Contains([]string{"", "unsettled", "crowded", "left-to-host"}, name) {
			if n != f.counts[name]+1 {
				return "", fmt.Errorf("counter %q has grown by %d", name, n-f.counts[name])
			}
			grown = append(grown, fate(name))
		}
	}
	f.counts = counts
	if len(grown) != 1 {
		return "", fmt.Errorf("dropped, and counters that have grown are %v", grown)
	}
	return grown[0], nil
}

// compare compares what was sent with what came: addresses, ports, TTL and sums
// may differ, and the tag may be gone.
func (f *fuzz) compare(in, out []byte, was header, got fate) error {
	out[0] &^= 1 // of a frame whose source was a group, who cannot be answered
	is := f.read(out)
	a, b := in[was.l3:], out[is.l3:]
	switch {
	case is.fate != "" || is.protocol != was.protocol || is.l4-is.l3 != was.l4-was.l3 || len(a) != len(b):
		return fmt.Errorf("sent something else:\n%x", out)
	case is.six && !bytes.Equal(a[:7], b[:7]) || !is.six && (!bytes.Equal(a[:8], b[:8]) || !bytes.Equal(a[ip4Len:was.l4-was.l3], b[ip4Len:was.l4-was.l3])):
		return fmt.Errorf("sent with another IP header:\n%x", out)
	case !is.six && !alike(sum(0, in[was.l3:was.l4]), sum(0, out[is.l3:is.l4])):
		return fmt.Errorf("sent with a wrong sum of the IP header:\n%x", out)
	}
	a, b = in[was.l4:], out[is.l4:]
	if was.protocol == was.icmp() {
		if is.six && !alike(pseudo(was.from, was.to, protoICMPv6, a), pseudo(is.from, is.to, protoICMPv6, b)) || !is.six && !alike(sum(0, a), sum(0, b)) {
			return fmt.Errorf("sent with a wrong sum of ICMP:\n%x", out)
		}
		return nil
	}
	at, length := 16, tcpLen
	if was.protocol == byte(dataplane.UDP) {
		at, length = 6, udpLen
	}
	none := was.protocol == byte(dataplane.UDP) && a[6] == 0 && a[7] == 0
	switch {
	case none && (b[6] != 0 || b[7] != 0):
		return fmt.Errorf("sent with a sum of UDP, which had none:\n%x", out)
	case !none && !alike(pseudo(was.from, was.to, was.protocol, a), pseudo(is.from, is.to, is.protocol, b)):
		return fmt.Errorf("sent with a wrong sum of protocol %d:\n%x", was.protocol, out)
	case got == sent && is.ttl != was.ttl-1 || got == handed && is.ttl != was.ttl:
		return fmt.Errorf("%s with TTL %d, it had %d", got, is.ttl, was.ttl)
	case !bytes.Equal(a[4:at], b[4:at]) || !bytes.Equal(a[at+2:length], b[at+2:length]) || !bytes.Equal(a[length:], b[length:]):
		return fmt.Errorf("sent with another header or payload:\n%x", out)
	}
	return nil
}

// alike: in one's complement there are two zeros.
func alike(a, b uint16) bool { return a%0xffff == b%0xffff }
