package xdp_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/dataplane/xdp"
	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
)

// desk is a namespace in which the program is run on packets that no device ever
// saw. Its neighbours are known and do not exist.
type desk struct {
	host      *netlab.Namespace
	forwarder *xdp.Forwarder
	pass      func(time.Duration) // of the test's time
	device    uint32              // by which frames come in
	out       []byte
}

// Networks of a desk, in each of which .1 is the desk's.
//
//	front: clients, and a router (.254) to the others
//	back1, back2: endpoints, clients, and in back2 a router (.254) to routed
func networks4() map[string]netip.Prefix {
	return map[string]netip.Prefix{
		"front": netip.MustParsePrefix("10.1.0.0/24"), "back1": netip.MustParsePrefix("10.2.0.0/24"), "back2": netip.MustParsePrefix("10.3.0.0/24"),
		"routed": netip.MustParsePrefix("10.4.0.0/24"), "far": netip.MustParsePrefix("172.16.0.0/16"),
	}
}

func networks6() map[string]netip.Prefix {
	return map[string]netip.Prefix{
		"front": netip.MustParsePrefix("fd00:1::/64"), "back1": netip.MustParsePrefix("fd00:2::/64"), "back2": netip.MustParsePrefix("fd00:3::/64"),
		"routed": netip.MustParsePrefix("fd00:4::/64"), "far": netip.MustParsePrefix("2001:db8::/32"),
	}
}

// in is the n-th address of a network.
func in(network netip.Prefix, n byte) netip.Addr {
	b := network.Addr().AsSlice()
	b[len(b)-1] = n
	a, _ := netip.AddrFromSlice(b)
	return a
}

// macOf is the hardware address of a neighbour.
func macOf(a netip.Addr) [6]byte {
	b := a.AsSlice()
	return [6]byte{2, b[1], b[2], b[3], byte(len(b)), b[len(b)-1]}
}

const (
	routerHost = 254
	firstHost  = 10
	hosts      = 50

	jumbo = 9000 // bytes, which take a frame of several buffers
)

func newDesk(t testing.TB, cfg xdp.Config, guarded bool) *desk {
	t.Helper()
	lab := netlabtest.New(t, "rwd")
	host, err := lab.Namespace("desk")
	require.NoError(t, err)
	peers, err := lab.Namespace("peers")
	require.NoError(t, err)
	require.NoError(t, peers.Sysctl("ipv6/conf/all/disable_ipv6", "1")) // nobody else is to send packets
	for _, name := range []string{"front", "back1", "back2"} {
		near := netlab.Port{In: host, Name: name, MTU: jumbo}
		for _, nets := range []map[string]netip.Prefix{networks4(), networks6()} {
			near.Addresses = append(near.Addresses, netip.PrefixFrom(in(nets[name], 1), nets[name].Bits()))
		}
		require.NoError(t, lab.Wire(near, netlab.Port{In: peers, Name: name, MTU: jumbo}))
		for _, nets := range []map[string]netip.Prefix{networks4(), networks6()} {
			for n := byte(firstHost); n < firstHost+hosts; n++ {
				require.NoError(t, host.Neighbour(name, in(nets[name], n), mac(in(nets[name], n))))
			}
			require.NoError(t, host.Neighbour(name, in(nets[name], routerHost), mac(in(nets[name], routerHost))))
		}
	}
	for _, nets := range []map[string]netip.Prefix{networks4(), networks6()} {
		require.NoError(t, host.Route(nets["far"], in(nets["front"], routerHost)))
		require.NoError(t, host.Route(nets["routed"], in(nets["back2"], routerHost)))
	}
	require.NoError(t, host.Forward())
	d := &desk{host: host, out: make([]byte, 1<<16)}
	load := func() { d.forwarder, d.pass, err = xdp.OwnClock(cfg) }
	if guarded {
		require.NoError(t, withoutPerfmon(load))
	} else {
		load()
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.forwarder.Close()) })
	require.NoError(t, host.Do(func() error {
		device, err := net.InterfaceByName("front")
		if err != nil {
			return err
		}
		d.device = uint32(device.Index)
		// Else frames cannot come in by it, and each run waits for the kernel to make
		// the program callable.
		attached, err := link.AttachXDP(link.XDPOptions{Program: d.forwarder.Program(), Interface: device.Index, Flags: link.XDPDriverMode})
		if err != nil {
			return err
		}
		t.Cleanup(func() { require.NoError(t, attached.Close()) })
		return nil
	}))
	return d
}

// withoutPerfmon does what a process does that lacks CAP_PERFMON, and
// CAP_SYS_ADMIN, which stands for it.
func withoutPerfmon(do func()) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var has [2]unix.CapUserData
	if err := unix.Capget(&header, &has[0]); err != nil {
		return err
	}
	less := has
	for _, c := range []uint{unix.CAP_PERFMON, unix.CAP_SYS_ADMIN} {
		less[c/32].Effective &^= 1 << (c % 32)
	}
	if err := unix.Capset(&header, &less[0]); err != nil {
		return err
	}
	do()
	return unix.Capset(&header, &has[0])
}

func mac(a netip.Addr) net.HardwareAddr {
	m := macOf(a)
	return m[:]
}

// What a program returns.
const (
	xdpDrop     = 1
	xdpPass     = 2
	xdpTX       = 3
	xdpRedirect = 4
)

// metadata is struct xdp_md of linux/bpf.h.
type metadata struct {
	Data, DataEnd, DataMeta, Ingress, Queue, Egress uint32
}

// run runs the program on a frame from the front, in the thread of desk.host.Do.
// What it leaves of the frame is good until the next run.
func (d *desk) run(frame []byte) (verdict uint32, out []byte, err error) {
	o := ebpf.RunOptions{Data: frame, DataOut: d.out[:cap(d.out)], Context: metadata{DataEnd: uint32(len(frame)), Ingress: d.device}}
	verdict, err = d.forwarder.Program().Run(&o)
	if err != nil {
		return 0, nil, fmt.Errorf("run the program: %w", err)
	}
	return verdict, o.DataOut, nil
}

// idle lets time pass, and does what Run does meanwhile.
func (d *desk) idle(by time.Duration) error {
	d.pass(by)
	return errors.Join(d.forwarder.Sweep(), d.forwarder.Sweep()) // return entries go the second time
}
