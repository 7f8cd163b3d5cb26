package ha_test

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

func TestRefusedSettings(t *testing.T) {
	t.Parallel()
	run := func(context.Context) error { return nil }
	one := []ha.Component{{Name: "a", Run: run}}
	for name, c := range map[string]struct {
		cfg  ha.Config
		errs []string
	}{
		"nothing to run": {ha.Config{}, []string{"Always and Leader [] are empty"}},
		"two of one name": {
			ha.Config{Always: one, Leader: one},
			[]string{`Leader[0].Name "a" is the name of Always[0]; mend:`},
		},
		"no name, no function": {
			ha.Config{Leader: []ha.Component{{Name: " "}}},
			[]string{`Leader[0].Name " " is empty`, "Leader[0].Run nil cannot be called"},
		},
		"negative times": {
			ha.Config{Always: one, DrainTimeout: -1, ShutdownDelay: -time.Second},
			[]string{"ShutdownDelay -1s is negative", "DrainTimeout -1ns is negative"},
		},
		"endless times": {
			ha.Config{Always: one, DrainTimeout: 1<<63 - 1, ShutdownDelay: 25 * time.Hour},
			[]string{"ShutdownDelay 25h0m0s is more than 24h0m0s", "DrainTimeout 2562047h47m16.854775807s is more than"},
		},
		"no address":      {ha.Config{Always: one, Listen: "8080"}, []string{`Listen "8080" is no address`, `mend: such as ":8081"`}},
		"a failed runner": {ha.Config{Always: one, Runner: (*leaderelection.Elector)(nil)}, []string{leaderelection.ErrNilElector.Error()}},
		"a nil signal":    {ha.Config{Always: one, Signals: []os.Signal{nil}}, []string{"Signals[0] nil is no signal"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			group, err := ha.New(c.cfg)
			require.Nil(t, group)
			for _, text := range c.errs {
				require.ErrorContains(t, err, text)
			}
		})
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = taken.Close() }()
	s := new(stage)
	c := s.component("a")
	c.Warm = func(context.Context) error { s.say("warms"); return nil }
	group, err := ha.New(ha.Config{Listen: taken.Addr().String(), Always: []ha.Component{c}, Signals: []os.Signal{}})
	require.NoError(t, err)
	err = group.Run(t.Context())
	require.ErrorContains(t, err, "ha: Listen \""+taken.Addr().String())
	require.ErrorContains(t, err, "mend: another address")
	require.Empty(t, s.said(), "nothing was started")
}
