package netlab

import (
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// takeTransmitted gives an interface an XDP program that lets all frames pass.
// What a peer sends by XDP_TX, a veth device leaves in its queue until something
// else comes, unless it has a program itself; for what is redirected to it, its
// generic receive offload is enough (veth_xdp_flush in drivers/net/veth.c).
func (n *Namespace) takeTransmitted(name string) error {
	pass, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "pass", Type: ebpf.XDP, Flags: unix.BPF_F_XDP_HAS_FRAGS, License: "GPL",
		Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, 2 /* XDP_PASS */), asm.Return()},
	})
	if err != nil {
		return fmt.Errorf("netlab: program for %s %s: %w", n.Name, name, err)
	}
	err = n.Do(func() error {
		return n.change(name, "program", func(link netlink.Link) error {
			return netlink.LinkSetXdpFdWithFlags(link, pass.FD(), unix.XDP_FLAGS_DRV_MODE)
		})
	})
	return errors.Join(err, pass.Close())
}
