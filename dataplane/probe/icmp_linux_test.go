package probe_test

import (
	"context"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/dataplane/probe"
)

// inNamespace runs a test in a network namespace of its own, with loopback up.
// The thread, which has it, ends with the test.
func inNamespace(t *testing.T, test func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for a network namespace")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if !assert.NoError(t, ownNamespace()) {
			return
		}
		test()
	}()
	<-done
}

// ownNamespace gives this thread a network namespace with loopback up.
func ownNamespace() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer func() { _ = unix.Close(fd) }()
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo)
}

// sysctl sets one of this thread's namespace.
func sysctl(t *testing.T, name, value string) {
	t.Helper()
	require.NoError(t, os.WriteFile("/proc/sys/net/"+name, []byte(value), 0))
}

// withoutRaw takes CAP_NET_RAW from this thread.
func withoutRaw(t *testing.T) {
	t.Helper()
	head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var sets [2]unix.CapUserData
	require.NoError(t, unix.Capget(&head, &sets[0]))
	sets[0].Effective &^= 1 << unix.CAP_NET_RAW
	require.NoError(t, unix.Capset(&head, &sets[0]))
}

func host(address string) probe.Destination {
	return probe.Destination{Addr: netip.AddrPortFrom(netip.MustParseAddr(address), 1)}
}

// ping checks once on this thread.
func ping(timeout time.Duration, at probe.Destination) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return probe.ICMP{}.Check(ctx, at)
}

func TestICMP(t *testing.T) {
	t.Parallel()
	const allowed, forbidden = "0 2147483647", "1 0"
	for name, groups := range map[string]string{"ping sockets": allowed, "raw sockets": forbidden} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inNamespace(t, func() {
				sysctl(t, "ipv4/ping_group_range", groups)
				if groups == allowed {
					withoutRaw(t)
				}
				for _, address := range loopbacks {
					require.NoError(t, ping(10*time.Second, host(address)))
				}
				from := host("127.0.0.1")
				from.Source = netip.MustParseAddr("127.0.0.7")
				require.NoError(t, ping(10*time.Second, from))
				from.Source = netip.MustParseAddr("203.0.113.1")
				require.ErrorIs(t, ping(10*time.Second, from), syscall.EADDRNOTAVAIL)
				from = host("::1")
				from.Source, from.Interface = netip.MustParseAddr("::1"), "lo"
				require.NoError(t, ping(10*time.Second, from))
				from.Interface = "nonesuch0"
				require.ErrorIs(t, ping(10*time.Second, from), syscall.ENODEV)

				require.ErrorIs(t, ping(10*time.Second, host("192.0.2.1")), syscall.ENETUNREACH)
				sysctl(t, "ipv4/icmp_echo_ignore_all", "1")
				sysctl(t, "ipv6/icmp/echo_ignore_all", "1")
				for _, address := range loopbacks {
					err := ping(50*time.Millisecond, host(address))
					require.ErrorIs(t, err, os.ErrDeadlineExceeded)
					require.ErrorContains(t, err, "probe: icmp echo "+address)
				}
			})
		})
	}
}

func TestICMPThatIsNotPermitted(t *testing.T) {
	t.Parallel()
	inNamespace(t, func() {
		sysctl(t, "ipv4/ping_group_range", "1 0")
		withoutRaw(t)
		for _, address := range loopbacks {
			err := ping(time.Second, host(address))
			require.ErrorIs(t, err, probe.ErrNotPermitted)
			require.ErrorIs(t, err, os.ErrPermission)
			require.ErrorContains(t, err, "mend: let net.ipv4.ping_group_range hold the process's group, or give it CAP_NET_RAW")
		}
	})
}

// Many checks at once, of whose replies a raw socket sees all, each find their
// own.
func TestICMPAtOnce(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("needs root, for raw sockets")
	}
	results := make(chan error)
	for range 50 {
		go func() { results <- ping(10*time.Second, host("127.0.0.1")) }()
	}
	for range 50 {
		require.NoError(t, <-results)
	}
}

// A check that waits for a reply ends as soon as it is cancelled.
func TestCancelledICMP(t *testing.T) {
	t.Parallel()
	inNamespace(t, func() {
		sysctl(t, "ipv4/icmp_echo_ignore_all", "1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		time.AfterFunc(20*time.Millisecond, cancel)
		require.ErrorIs(t, probe.ICMP{}.Check(ctx, host("127.0.0.1")), os.ErrDeadlineExceeded)
		require.ErrorIs(t, ctx.Err(), context.Canceled)
	})
}
