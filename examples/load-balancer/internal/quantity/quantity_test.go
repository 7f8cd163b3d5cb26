package quantity_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/examples/load-balancer/internal/quantity"
)

func TestSI(t *testing.T) {
	t.Parallel()
	for n, want := range map[float64]string{
		0: "0", 1: "1", 0.5: "0.50", 9.994: "9.99", 9.996: "10.0", 99.96: "100", 999: "999", 999.4: "999", 999.6: "1.00 k", 1000: "1.00 k",
		12_345: "12.3 k", 123_456: "123 k", 1_234_567: "1.23 M", 5e9: "5.00 G", 1.8e19: "18.0 E", -1500: "-1.50 k",
	} {
		require.Equal(t, want, quantity.SI(n))
	}
	require.Equal(t, "12.3 kbit/s", quantity.Unit(12_345, "bit/s"))
	require.Equal(t, "7 packets/s", quantity.Unit(7, "packets/s"))
	require.Equal(t, "33.3 %", quantity.Percent(1.0/3))
	require.Equal(t, "1 service", quantity.Plural(1, "service"))
	require.Equal(t, "0 services", quantity.Plural(0, "service"))
}
