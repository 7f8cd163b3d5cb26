package dockerchaos

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// network is a bridge of the engine, with a relay to the API server on its
// gateway.
type network struct {
	name    string
	gateway netip.Addr
	relay   *relay

	subnet netip.Prefix
	last   netip.Addr // that was given
}

// newNetwork makes a network whose containers reach target, an address of this
// machine, through the gateway.
func newNetwork(ctx context.Context, name, target string) (*network, error) {
	n := &network{name: name}
	if err := n.create(ctx); err != nil {
		return nil, err
	}
	var err error
	if n.relay, err = newRelay(n.gateway, target); err != nil {
		_ = n.remove(ctx)
		return nil, fmt.Errorf("listen at the gateway of %s: %w; mend: use an engine that runs on this machine", name, err)
	}
	return n, nil
}

// create lets the engine choose a subnet, and makes a network with just that
// one: containers may choose their addresses only in a subnet that was named.
func (n *network) create(ctx context.Context) error {
	if err := n.add(ctx); err != nil {
		return err
	}
	const format = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"
	chosen, err := docker(ctx, "network", "inspect", "--format", format, n.name)
	if err := errors.Join(err, remove(ctx, "network", "rm", n.name)); err != nil {
		return err
	}
	subnet, gateway, _ := strings.Cut(chosen, " ")
	if n.subnet, err = netip.ParsePrefix(subnet); err != nil {
		return fmt.Errorf("subnet of %s: %w", n.name, err)
	}
	if n.gateway, err = netip.ParseAddr(gateway); err != nil {
		return fmt.Errorf("gateway of %s: %w", n.name, err)
	}
	n.last = n.gateway
	return n.add(ctx, "--subnet", subnet, "--gateway", gateway)
}

func (n *network) add(ctx context.Context, options ...string) error {
	_, err := docker(ctx, slices.Concat([]string{"network", "create", "--label", label + "=" + n.name}, options, []string{n.name})...)
	return err
}

// address returns one that nobody had before, as long as there are such.
func (n *network) address(taken []netip.Addr) netip.Addr {
	for {
		n.last = n.last.Next()
		if !n.subnet.Contains(n.last.Next()) { // the last one is for broadcasts
			n.last = n.gateway.Next()
		}
		if !slices.Contains(taken, n.last) {
			return n.last
		}
	}
}

// remove ends the relay and removes the network; there must be no containers.
func (n *network) remove(ctx context.Context) error {
	if n.relay != nil {
		n.relay.stop()
	}
	return remove(ctx, "network", "rm", n.name)
}
