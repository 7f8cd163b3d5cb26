package balancer_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
)

const more = `- vip: 192.0.2.2
  ports: [80, 81]
  protocol: tcp
  endpoints: [{address: 10.0.0.1}, {address: 10.0.0.9}]
`

func TestDrain(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2")+more, nil, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		found, err := s.Drain("10.0.0.1:80")
		require.NoError(t, err)
		require.Len(t, found, 1)
		wait(time.Second)
		require.Equal(t, []string{"10.0.0.1:80 weight 0", "10.0.0.2:80"}, s.endpoints())
		applied := s.forwarder.Applied()
		services := applied[len(applied)-1].Services
		require.Zero(t, services[1].Endpoints[0].Weight, "in all services")
		require.Equal(t, 1, services[2].Endpoints[0].Weight, "10.0.0.1:81 is another one")
		r := s.Report()
		require.Equal(t, "10.0.0.1:80", r.Drained[0].Endpoint)
		require.True(t, r.Services[0].Endpoints[0].Drained)
		require.Equal(t, 1, r.Services[0].Endpoints[0].Weight, "the file's")
		require.Equal(t, 1, r.Services[0].Serving)

		_, err = s.Drain("10.0.0.1:80") // again
		require.NoError(t, err)
		found, err = s.Undrain("10.0.0.1:80")
		require.NoError(t, err)
		require.Len(t, found, 1)
		wait(time.Second)
		require.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, s.endpoints())
		require.Empty(t, s.Report().Drained)
	})
}

func TestDrainAllPorts(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2")+more, nil, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		found, err := s.Drain("10.0.0.1")
		require.NoError(t, err)
		require.Len(t, found, 2)
		_, err = s.Undrain("10.0.0.1:81")
		require.NoError(t, err)
		require.Len(t, s.Report().Drained, 1)
	})
}

func TestDrainOfUnknownEndpoint(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2"), nil, func(t *testing.T, s *stage) {
		for endpoint, says := range map[string]string{
			"10.0.0.3:80": `"10.0.0.3:80" is no endpoint of any service; mend: perhaps 10.0.0.1:80 or 10.0.0.2:80`,
			"web":         `"web" is no endpoint of any service; mend: one of those that "load-balancer services" lists`,
			"":            `"" is no endpoint of any service; mend: one of those that "load-balancer services" lists`,
		} {
			_, err := s.Drain(endpoint)
			require.EqualError(t, err, says)
			var unknown *balancer.UnknownEndpointError
			require.ErrorAs(t, err, &unknown)
		}
		_, err := s.Undrain("10.0.0.1:80")
		require.ErrorContains(t, err, `"10.0.0.1:80" is not drained`)
	})
}

// A drain outlives a reload, unless that says otherwise of the endpoint.
func TestDrainAndReload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"another endpoint":  {service("10.0.0.1", "10.0.0.2", "10.0.0.3"), []string{"10.0.0.1:80 weight 0", "10.0.0.2:80", "10.0.0.3:80"}},
		"another service":   {service("10.0.0.1", "10.0.0.2") + more, []string{"10.0.0.1:80 weight 0", "10.0.0.2:80"}},
		"another weight":    {service("10.0.0.1 weight 3", "10.0.0.2"), []string{"10.0.0.1:80 weight 3", "10.0.0.2:80"}},
		"no longer named":   {service("10.0.0.2"), []string{"10.0.0.2:80"}},
		"a file with fault": {"x: 1", []string{"10.0.0.1:80 weight 0", "10.0.0.2:80"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, service("10.0.0.1", "10.0.0.2"), nil, func(t *testing.T, s *stage) {
				wait(3 * time.Second)
				_, err := s.Drain("10.0.0.1:80")
				require.NoError(t, err)
				wait(time.Second)
				s.write(t, c.file)
				wait(5 * time.Second)
				require.Equal(t, c.want, s.endpoints())
				require.Equal(t, c.want[0] == "10.0.0.1:80 weight 0", len(s.Report().Drained) == 1)
				s.write(t, service("10.0.0.1", "10.0.0.2"))
				wait(5 * time.Second)
				require.Equal(t, c.want[0] == "10.0.0.1:80 weight 0", s.endpoints()[0] == "10.0.0.1:80 weight 0", "an end is one")
			})
		})
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	var seconds uint64
	play(t, service("10.0.0.1", "10.0.0.2"), func(s *stage) {
		s.forwarder.StatusFunc = func(status *dataplane.Status) error {
			seconds++
			for i := range status.Services {
				for j := range status.Services[i].Endpoints {
					e := &status.Services[i].Endpoints[j]
					e.Packets, e.Bytes, e.Connections = 1000*seconds, 100_000*seconds, 10*seconds
					if j == 1 && seconds%5 == 0 {
						e.Packets = 7 // it was gone, and counts anew
					}
				}
				status.Services[i].Endpoints = append(status.Services[i].Endpoints, dataplane.EndpointStatus{
					Endpoint: endpoint("10.0.0.77:80"), Removed: true, Packets: 5,
				})
			}
			status.Drops["fragment"], status.Passed = 3*seconds, 4*seconds
			return nil
		}
	}, func(t *testing.T, s *stage) {
		wait(8 * time.Second) // the status of second 9
		r := s.Report()
		require.Equal(t, balancer.Rates{PacketsPerSecond: 2000, BitsPerSecond: 1_600_000, ConnectionsPerSecond: 20}, r.Total)
		require.InDelta(t, 1000, r.Services[0].Endpoints[1].PacketsPerSecond, 0)
		require.Equal(t, []balancer.DropReport{{Reason: "fragment", Packets: 27, PacketsPerSecond: 3}, {Reason: "no-service"}}, r.Drops)
		require.InDelta(t, 4, r.PassedPerSecond, 0)
		require.Equal(t, balancer.Removed, r.Services[0].Endpoints[2].Health)
		wait(time.Second) // that of second 10
		require.InDelta(t, 7, s.Report().Services[0].Endpoints[1].PacketsPerSecond, 0)
	})
}
