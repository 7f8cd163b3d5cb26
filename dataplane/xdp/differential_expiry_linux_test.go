package xdp_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What has timed out counts as absent at once, whether or not anybody has swept:
// so a packet of a one-arm connection is dropped.
func TestDifferentialWithoutSweep(t *testing.T) {
	const toArm = 2
	u := everything(7, networks4())
	s := u.services[toArm]
	d := newDesk(t, times(plenty), false)
	require.NoError(t, d.host.Do(func() error { return errors.Join(d.forwarder.Begin(u.config()), d.forwarder.Survey()) }))
	for i, c := range []struct {
		name  string
		lives time.Duration
		then  []string // after a SYN: answers, and what the client says
	}{
		{"unanswered", longTicks * tick, nil},
		{"established", idleTicks * tick, []string{"answer", "data"}},
		{"half closed", idleTicks * tick, []string{"answer", "data", "FIN"}},
		{"ended", closingTicks * tick, []string{"answer", "data", "FIN", "answer FIN"}},
		{"reset", closingTicks * tick, []string{"answer", "data", "answer RST"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := at(in(networks4()["far"], 1), 1000+uint16(i))
			flags := map[string]byte{"data": flagACK, "FIN": flagACK | flagFIN, "answer": flagACK, "answer FIN": flagACK | flagFIN, "answer RST": flagRST}
			seenAs, endpoint := client, client
			send := func(what segment) (isSent bool, err error) {
				verdict, out, err := d.run(what.frame())
				if err != nil || verdict != xdpTX && verdict != xdpRedirect {
					return false, err
				}
				p, err := parse(out)
				if err == nil && what.to == u.vip(toArm) {
					seenAs, endpoint = p.segment().from, p.segment().to
				}
				return true, err
			}
			say := func(flags byte) (bool, error) {
				return send(segment{from: client, to: u.vip(toArm), protocol: s.Protocol, flags: flags, ttl: 64, mac: cause()})
			}
			begin := func() error {
				ok, err := say(flagSYN)
				for _, what := range c.then {
					if err != nil || !ok {
						break
					}
					if what == "data" || what == "FIN" {
						ok, err = say(flags[what])
					} else {
						ok, err = send(segment{from: endpoint, to: seenAs, protocol: s.Protocol, flags: flags[what], ttl: 64, mac: macOf(endpoint.Addr())})
					}
				}
				if !ok && err == nil {
					err = fmt.Errorf("the connection has not begun: %v", c.then)
				}
				return err
			}
			for silent, want := range map[time.Duration]bool{c.lives: true, c.lives + tick: false} {
				var ok bool
				require.NoError(t, d.host.Do(func() (err error) {
					if err := begin(); err != nil {
						return err
					}
					d.pass(silent)
					ok, err = say(flagACK)
					return err
				}))
				require.Equal(t, want, ok, "after %v", silent)
				d.pass(time.Hour)
			}
		})
	}
}
