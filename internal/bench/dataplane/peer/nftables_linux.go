package peer

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"

	"github.com/regent-ha/regent/internal/netlab"
)

// Translate makes a host balance by nftables: new connections go to the
// endpoints in turn.
func Translate(host *netlab.Namespace, vip netip.AddrPort, endpoints []netip.AddrPort) error {
	var to []string
	for i, e := range endpoints {
		to = append(to, fmt.Sprintf("%d : %s . %d", i, e.Addr(), e.Port()))
	}
	rules := fmt.Sprintf(`table ip balancer {
	chain prerouting {
		type nat hook prerouting priority dstnat;
		ip daddr %s tcp dport %d dnat to numgen inc mod %d map { %s }
	}
}
`, vip.Addr(), vip.Port(), len(endpoints), strings.Join(to, ", "))
	return errors.Join(host.Forward(), host.Do(func() error {
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(rules)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("nft: %w: %s", err, stderr.String())
		}
		return nil
	}))
}

// RoomForConnections lets the kernel track so many connections, with as many
// buckets, until restore.
func RoomForConnections(n int) (restore func() error, err error) {
	const most, buckets = "/proc/sys/net/netfilter/nf_conntrack_max", "/sys/module/nf_conntrack/parameters/hashsize"
	var old [][2]string
	restore = func() (err error) {
		for _, o := range old {
			err = errors.Join(err, os.WriteFile(o[0], []byte(o[1]), 0))
		}
		return err
	}
	for _, file := range []string{most, buckets} {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, errors.Join(err, restore())
		}
		now := strings.TrimSpace(string(text))
		if have, err := strconv.Atoi(now); err != nil || have >= n {
			continue
		}
		old = append(old, [2]string{file, now})
		if err := os.WriteFile(file, []byte(strconv.Itoa(n)), 0); err != nil {
			return nil, errors.Join(err, restore())
		}
	}
	return restore, nil
}
