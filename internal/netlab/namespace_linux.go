package netlab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Namespace is a host of a lab.
type Namespace struct {
	// Name is what it is called in the lab.
	Name string

	lab    *Lab
	path   string // by which "ip netns" knows it
	ns     netns.NsHandle
	handle *netlink.Handle
}

// newNamespace makes a namespace with a name for "ip netns".
func newNamespace(name string) (n *Namespace, err error) {
	n = &Namespace{path: filepath.Join(directory, name)}
	err = inThread(func() error {
		var err error
		n.ns, err = netns.NewNamed(name)
		return err
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("netlab: namespace %s: %w", name, err), removeName(n.path))
	}
	n.handle, err = netlink.NewHandleAt(n.ns)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("netlab: namespace %s: %w", name, err), n.close())
	}
	return n, nil
}

// prepare sets what is the same for all hosts: addresses can be used at once,
// and nobody is told of a shorter way past the balancer.
func (n *Namespace) prepare() error {
	for _, name := range []string{"all", "default"} {
		for _, s := range [][2]string{
			{"ipv6/conf/" + name + "/accept_dad", "0"}, {"ipv6/conf/" + name + "/accept_ra", "0"},
			{"ipv6/conf/" + name + "/accept_redirects", "0"}, {"ipv4/conf/" + name + "/accept_redirects", "0"},
			{"ipv4/conf/" + name + "/send_redirects", "0"}, {"ipv4/conf/" + name + "/rp_filter", "0"},
		} {
			if err := n.Sysctl(s[0], s[1]); err != nil {
				return err
			}
		}
	}
	return n.Up("lo")
}

func (n *Namespace) close() error {
	if n.handle != nil {
		n.handle.Close()
	}
	return errors.Join(n.ns.Close(), removeName(n.path))
}

// Path is where others can open the namespace, such as nsenter --net=PATH.
func (n *Namespace) Path() string { return n.path }

// Netlink is a handle for what has no method here. It is closed with the lab.
func (n *Namespace) Netlink() *netlink.Handle { return n.handle }

// Do calls f on this goroutine while its thread is in the namespace. Sockets and
// processes that f makes belong there; goroutines that it starts do not.
func (n *Namespace) Do(f func() error) error {
	return inThread(func() error {
		if err := netns.Set(n.ns); err != nil {
			return fmt.Errorf("netlab: enter %s: %w", n.Name, err)
		}
		return f()
	})
}

// inThread calls f, which may change the namespace of this thread, and changes
// it back.
func inThread(f func() error) error {
	runtime.LockOSThread()
	home, err := netns.Get()
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("netlab: this thread's namespace: %w", err)
	}
	defer func() {
		err := errors.Join(netns.Set(home), home.Close())
		if err != nil {
			// The thread stays locked, and ends with this goroutine.
			panic(fmt.Sprintf("netlab: back to this thread's namespace: %v", err))
		}
		runtime.UnlockOSThread()
	}()
	return f()
}

// Sysctl sets what is below /proc/sys/net: "ipv4/ip_forward".
func (n *Namespace) Sysctl(name, value string) error {
	return n.Do(func() error {
		if err := os.WriteFile(filepath.Join("/proc/sys/net", name), []byte(value), 0); err != nil {
			return fmt.Errorf("netlab: %s: %w", n.Name, err)
		}
		return nil
	})
}

// Forward lets a host forward packets, as a router does.
func (n *Namespace) Forward() error {
	return errors.Join(n.Sysctl("ipv4/ip_forward", "1"), n.Sysctl("ipv6/conf/all/forwarding", "1"))
}
