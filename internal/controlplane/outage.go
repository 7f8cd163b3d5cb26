package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrStopped is returned for a control plane after Stop.
var ErrStopped = errors.New("control plane is stopped")

// stopGrace is how long kube-apiserver may take to end. It would wait for open
// watches, up to a minute, and loses nothing when it is killed.
const stopGrace = 3 * time.Second

// StopAPIServer ends kube-apiserver and leaves etcd alone: by SIGTERM, and by
// SIGKILL when open watches keep it for three seconds. It does nothing when
// kube-apiserver does not run.
func (c *ControlPlane) StopAPIServer() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.apiServer.stop(stopGrace); err != nil {
		return fmt.Errorf("controlplane: %w", err)
	}
	return nil
}

// StartAPIServer starts kube-apiserver at its former address, with the data and
// users that it had, after StopAPIServer or after a test has killed it, and
// returns when it serves. It does nothing when kube-apiserver runs.
func (c *ControlPlane) StartAPIServer(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return fmt.Errorf("controlplane: start kube-apiserver: %w", ErrStopped)
	}
	if c.apiServer.running() {
		return nil
	}
	if err := c.startAPIServer(ctx); err != nil {
		return fmt.Errorf("controlplane: %w", err)
	}
	return nil
}

// RestartAPIServer is StopAPIServer and then StartAPIServer.
func (c *ControlPlane) RestartAPIServer(ctx context.Context) error {
	if err := c.StopAPIServer(); err != nil {
		return err
	}
	return c.StartAPIServer(ctx)
}

// APIServerPID returns the process of kube-apiserver, or 0 when it does not
// run. A test may stop, continue and kill it by signals.
func (c *ControlPlane) APIServerPID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.apiServer.id()
}

// EtcdPID returns the process of etcd, or 0 when it does not run.
func (c *ControlPlane) EtcdPID() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.etcd.id()
}

func (c *child) id() int {
	if !c.running() {
		return 0
	}
	return c.pid
}
