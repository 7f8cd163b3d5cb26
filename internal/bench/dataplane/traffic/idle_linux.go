package traffic

import (
	"github.com/vishvananda/netlink"

	"github.com/regent-ha/regent/internal/netlab"
)

// IdleName is what Idle calls it.
const IdleName = "idle"

// Idle makes an interface that is down, and so has no frames of its own, for
// generators of a host. It returns its number.
func Idle(host *netlab.Namespace) (index int, err error) {
	const far = IdleName + "-far"
	attributes := netlink.NewLinkAttrs()
	attributes.Name = IdleName
	err = host.Netlink().LinkAdd(&netlink.Veth{LinkAttrs: attributes, PeerName: far})
	if err != nil {
		return 0, err
	}
	link, err := host.Link(IdleName)
	if err != nil {
		return 0, err
	}
	return link.Attrs().Index, nil
}
