package main

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/internal/chaos/proxy"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/fleet"
)

// slot is the place of one replica: its network, which outlives it.
type slot struct {
	number     int
	api        *proxy.Proxy // to the API server
	register   *proxy.Proxy // to the registers
	kubeconfig string
	process    *fleet.Process
}

// newSlot makes a network to the API server of cfg and to the registers.
func newSlot(number int, dir string, cfg *rest.Config, registers string) (*slot, error) {
	server, err := url.Parse(cfg.Host)
	if err != nil {
		return nil, err
	}
	s := &slot{number: number, kubeconfig: filepath.Join(dir, fmt.Sprintf("kubeconfig-%d", number))}
	if s.api, err = proxy.Listen(server.Host); err != nil {
		return nil, err
	}
	if s.register, err = proxy.Listen(registers); err != nil {
		s.api.Close()
		return nil, err
	}
	server.Host = s.api.Addr() // the same address, which is what the certificate is for
	cfg.Host = server.String()
	file, err := controlplane.Kubeconfig(cfg)
	if err == nil {
		err = os.WriteFile(s.kubeconfig, file, 0o600)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// heal ends the faults of the network.
func (s *slot) heal() {
	s.api.Heal()
	s.register.Heal()
}

func (s *slot) close() {
	s.api.Close()
	s.register.Close()
}
