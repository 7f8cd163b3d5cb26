package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	lb "github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/control"
	"github.com/regent-ha/regent/internal/netlab"
)

// balancerConfig is what a balancer needs.
type balancerConfig struct {
	// Program is load-balancer, Host where it runs.
	Program string
	Host    *netlab.Namespace
	// Dir is for its file and its socket, Log is the file that it writes to.
	Dir, Log string
	// Servers are the endpoints that it begins with.
	Servers []server
}

// balancer is the real program.
type balancer struct {
	balancerConfig
	file    file
	control *control.Client
	process *netlab.Process
}

// startBalancer starts it, and waits until it forwards.
func startBalancer(ctx context.Context, c balancerConfig) (*balancer, error) {
	b := &balancer{balancerConfig: c, file: file{socket: filepath.Join(c.Dir, "control.sock"), servers: c.Servers}}
	b.control = control.NewClient(b.file.socket)
	if err := b.write(); err != nil {
		return nil, err
	}
	log, err := os.Create(c.Log)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has it
	cmd := exec.Command(c.Program, "-config="+b.path())
	cmd.Stdout, cmd.Stderr = log, log
	if b.process, err = c.Host.Start(cmd); err != nil {
		return nil, err
	}
	return b, b.until(ctx, 15*time.Second, "all endpoints are up, and it forwards", func(r report) bool {
		return r.Ready && len(r.Services) > 0 && count(r, lb.Up) == len(r.Services)*len(c.Servers)
	})
}

// report is the program's status.
type report = lb.Report

// count is how many endpoints, of all services, are in that health.
func count(r report, health lb.Health) (n int) {
	for _, s := range r.Services {
		for _, e := range s.Endpoints {
			if e.Health == health {
				n++
			}
		}
	}
	return n
}

// since is when all services have come to that opinion of the endpoints with these
// addresses; false: they have not.
func since(r report, addresses []netip.Addr, health lb.Health) (last time.Time, all bool) {
	for _, s := range r.Services {
		for _, e := range s.Endpoints {
			at, err := netip.ParseAddrPort(e.Address)
			if err != nil || !slices.Contains(addresses, at.Addr()) {
				continue
			}
			if e.Health != health {
				return last, false
			}
			if all = true; e.Since.After(last) {
				last = e.Since
			}
		}
	}
	return last, all
}

func (b *balancer) path() string { return filepath.Join(b.Dir, "lb.yaml") }

// write writes the file in one step: half a file is a bad file.
func (b *balancer) write() error {
	next := b.path() + ".next"
	if err := os.WriteFile(next, []byte(b.file.yaml()), 0o600); err != nil {
		return err
	}
	return os.Rename(next, b.path())
}

// reload writes the file, and tells the program of it.
func (b *balancer) reload() error {
	if err := b.write(); err != nil {
		return err
	}
	return b.process.Signal(syscall.SIGHUP)
}

// ask runs a subcommand against the running program.
func (b *balancer) ask(ctx context.Context, command string, args ...string) (string, error) {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, b.Program, append([]string{command, "-socket=" + b.file.socket}, args...)...)
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return said.String(), fmt.Errorf("load-balancer %s: %w: %s", command, err, strings.TrimSpace(said.String()))
	}
	return said.String(), nil
}

// until waits until its report is as it should be.
func (b *balancer) until(ctx context.Context, within time.Duration, what string, is func(report) bool) error {
	waiting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	for {
		r, err := b.control.Report(waiting)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case err == nil && is(r):
			return nil
		case b.ended() != nil:
			return b.ended()
		case waiting.Err() != nil:
			said, asking := b.ask(ctx, "status")
			return errors.Join(fmt.Errorf("the load balancer does not say within %v that %s; it says:\n%s", within, what, said), asking, err)
		}
		_ = pass(waiting, 50*time.Millisecond)
	}
}

// alive fails when the program ends.
func (b *balancer) alive(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-b.process.Ended():
		return b.ended()
	}
}

// ended says how it did, if it did.
func (b *balancer) ended() error {
	select {
	case <-b.process.Ended():
		log, err := os.ReadFile(b.Log)
		return errors.Join(fmt.Errorf("the load balancer has ended: %w; it said:\n%s", errors.Join(b.process.Wait(), errors.New("nobody told it to")), tail(string(log), 10)), err)
	default:
		return nil
	}
}

// tail is the last lines of a text.
func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
