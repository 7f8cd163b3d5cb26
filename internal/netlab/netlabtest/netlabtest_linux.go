package netlabtest

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/netlab"
)

// Need skips where no lab can be built, which CI=true makes a failure.
func Need(t testing.TB) {
	t.Helper()
	if err := netlab.Check(); err != nil {
		t.Skip(err)
	}
}

// New is a lab that is there until the test ends.
func New(t testing.TB, name string) *netlab.Lab {
	t.Helper()
	Need(t)
	lab, err := netlab.New(name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, lab.Close()) })
	return lab
}

// NewSite is a site that is there until the test ends.
func NewSite(t testing.TB, c netlab.SiteConfig) *netlab.Site {
	t.Helper()
	Need(t)
	site, err := netlab.NewSite(c)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, site.Close()) })
	return site
}

// VLANs says whether the kernel has VLAN interfaces. If it has none, the test's
// report says so: that is not a skip, as nobody can install them.
func VLANs(t testing.TB) bool {
	t.Helper()
	lab := New(t, "rnlvlan")
	host, err := lab.Namespace("host")
	require.NoError(t, err)
	err = lab.Wire(netlab.Port{In: host, Name: "left", VLAN: 1}, netlab.Port{In: host, Name: "right"})
	if errors.Is(err, errors.ErrUnsupported) {
		t.Attr("VLANs", "not tested: the kernel is built without CONFIG_VLAN_8021Q")
		return false
	}
	require.NoError(t, err)
	return true
}
