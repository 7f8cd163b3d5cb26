package probe_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/regent-ha/regent/dataplane/probe"
)

// BenchmarkCheck is what a check on loopback costs, the endpoint's part
// included, beside connecting and closing alone.
func BenchmarkCheck(b *testing.B) {
	web := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer web.Close()
	udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP("127.0.0.1")})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = udp.Close() }()
	go func() {
		buffer := make([]byte, 100)
		for {
			n, from, err := udp.ReadFromUDP(buffer)
			if err != nil {
				return
			}
			_, _ = udp.WriteToUDP(buffer[:n], from)
		}
	}()
	floor := func(ctx context.Context, at probe.Destination) error {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", at.Addr.String())
		if err == nil {
			_ = conn.Close()
		}
		return err
	}
	for _, c := range []struct {
		name  string
		probe probe.Probe
		at    probe.Destination
	}{
		{"floor", fake(floor), at(web.Listener.Addr())},
		{"tcp", probe.TCP{}, at(web.Listener.Addr())},
		{"halfopen", probe.TCP{HalfOpen: true}, at(web.Listener.Addr())},
		{"http", probe.HTTP{}, at(web.Listener.Addr())},
		{"udp", probe.UDP{}, at(udp.LocalAddr())},
		{"icmp", probe.ICMP{}, host("127.0.0.1")},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ctx, cancel := context.WithTimeout(b.Context(), time.Second)
				if err := c.probe.Check(ctx, c.at); err != nil {
					b.Fatal(err)
				}
				cancel()
			}
		})
	}
}
