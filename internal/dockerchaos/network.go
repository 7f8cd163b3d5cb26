package dockerchaos

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/regent-ha/regent/internal/controlplane"
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

// newNetwork makes a network whose containers reach the API server through the
// gateway.
func newNetwork(ctx context.Context, name string, plane *controlplane.ControlPlane) (*network, error) {
	n := &network{name: name}
	if err := n.create(ctx); err != nil {
		return nil, err
	}
	var err error
	if n.relay, err = newRelay(n.gateway, plane); err != nil {
		return nil, errors.Join(err, n.remove(ctx))
	}
	return n, nil
}

// create lets the engine choose a subnet, and makes a network with just that
// one: containers may choose their addresses only in a subnet that was named.
func (n *network) create(ctx context.Context) error {
	if err := n.add(ctx); err != nil {
		return err
	}
	var err error
	n.subnet, n.gateway, err = inspect(ctx, n.name)
	if err := errors.Join(err, remove(ctx, "network", "rm", n.name)); err != nil {
		return err
	}
	n.last = n.gateway
	return n.add(ctx, "--subnet", n.subnet.String(), "--gateway", n.gateway.String())
}

// inspect returns what the engine says of a network.
func inspect(ctx context.Context, name string) (subnet netip.Prefix, gateway netip.Addr, err error) {
	const format = "{{with index .IPAM.Config 0}}{{.Subnet}} {{.Gateway}}{{end}}"
	text, err := docker(ctx, "network", "inspect", "--format", format, name)
	if err != nil {
		return subnet, gateway, err
	}
	first, second, _ := strings.Cut(text, " ")
	if subnet, err = netip.ParsePrefix(first); err != nil {
		return subnet, gateway, fmt.Errorf("subnet of %s: %w", name, err)
	}
	if gateway, err = netip.ParseAddr(second); err != nil {
		return subnet, gateway, fmt.Errorf("gateway of %s: %w", name, err)
	}
	return subnet, gateway, nil
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
