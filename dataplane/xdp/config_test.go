package xdp_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane/xdp"
)

func TestConfigThatIsRefused(t *testing.T) {
	t.Parallel()
	for says, cfg := range map[string]xdp.Config{
		"Prepare 2m0s is not from 1ms to 1m0s; mend: 0 for the default":    {Prepare: 2 * time.Minute},
		"Embryonic 1s is not from 1.5s to 1m0s":                            {Embryonic: time.Second},
		"Closing -1s is not from 1ms to 2m0s":                              {Closing: -time.Second},
		"Capacity.Services -1 is not from 1 to 1048576":                    {Capacity: xdp.Capacity{Services: -1}},
		"Capacity.Rows 1073741824 is not from 1 to 268435456":              {Capacity: xdp.Capacity{Rows: 1 << 30}},
		`Interfaces.Allow "(" is no regular expression: error parsing`:     {Interfaces: xdp.Interfaces{Allow: "("}},
		`Interfaces.Deny "[" is no regular expression: error parsing`:      {Interfaces: xdp.Interfaces{Deny: "["}},
		"xdp: Capacity.Flows 100000000 is not from 1 to 67108864; mend: 0": {Capacity: xdp.Capacity{Flows: 100_000_000}},
	} {
		require.ErrorContains(t, xdp.Validate(cfg), says)
	}
	require.NoError(t, xdp.Validate(xdp.Config{}))
	err := xdp.Validate(xdp.Config{Prepare: -1, Closing: -1})
	require.ErrorContains(t, err, "Prepare")
	require.ErrorContains(t, err, "Closing", "all faults at once")
	var field *xdp.FieldError
	require.ErrorAs(t, err, &field)
}

func TestInterfaces(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		allow, deny string
		yes, no     []string
	}{
		{"", "", []string{"eth0", "wlan0"}, []string{"lo"}},
		{"eth.*", "", []string{"eth0", "eth"}, []string{"xeth0", "lo"}},
		{"", "cni[0-9a-z]|veth.|flannel.*", []string{"eth0", "veth", "cni"}, []string{"veth1", "cni0", "flannel.1"}},
		{"eth0|eth1", "eth1", []string{"eth0"}, []string{"eth1", "eth01"}},
		{"lo|eth0", "", []string{"eth0"}, []string{"lo"}},
	} {
		selects := xdp.Selector(xdp.Interfaces{Allow: c.allow, Deny: c.deny})
		for _, name := range c.yes {
			require.True(t, selects(name), "%+v %s", c, name)
		}
		for _, name := range c.no {
			require.False(t, selects(name), "%+v %s", c, name)
		}
	}
}
