package netlab

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// Dropped is how many frames the lab's interfaces have dropped, by host and
// interface: queues that were full, as nobody came to empty them in time. Those
// of 0 are left out.
func (l *Lab) Dropped() (map[string]uint64, error) {
	all := make(map[string]uint64)
	for _, n := range l.namespaces {
		links, err := n.handle.LinkList()
		if err != nil {
			return nil, fmt.Errorf("netlab: %s: %w", n.Name, err)
		}
		for _, link := range links {
			if dropped := frames(link); dropped > 0 {
				all[n.Name+" "+link.Attrs().Name] = dropped
			}
		}
	}
	return all, nil
}

// frames are those that an interface has dropped. A loopback interface has none,
// and a bridge counts what was for nobody.
func frames(link netlink.Link) uint64 {
	a := link.Attrs()
	if a.Flags&net.FlagLoopback != 0 || link.Type() == "bridge" || a.Statistics == nil {
		return 0
	}
	return a.Statistics.RxDropped + a.Statistics.TxDropped
}
