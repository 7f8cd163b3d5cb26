package controlplane

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range from which systems pick the local port
// of an outgoing connection (32768 and up on Linux, 49152 on others): while an
// API server is down, a client that redials it could otherwise be given its
// port, and keep it from coming back.
const (
	firstPort = 16384
	lastPort  = 29999
)

// freePorts returns n loopback addresses on which nothing listens.
func freePorts(n int) ([]string, error) {
	var addrs []string
	var fault error
	for range 200 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+rand.IntN(lastPort-firstPort+1)))
		l, err := net.Listen("tcp", addr)
		if err != nil {
			fault = err
			continue
		}
		defer func() { _ = l.Close() }() // held until all are found, so that they differ
		if addrs = append(addrs, addr); len(addrs) == n {
			return addrs, nil
		}
	}
	return nil, fmt.Errorf("no free port on 127.0.0.1: %w", fault)
}
