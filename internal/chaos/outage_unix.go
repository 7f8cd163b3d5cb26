//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// killAPIServer kills kube-apiserver and starts it again after a while.
func (t *team) killAPIServer(ctx context.Context, down time.Duration) error {
	if err := send(t.plane.APIServerPID(), syscall.SIGKILL); err != nil {
		return fmt.Errorf("kube-apiserver: %w", err)
	}
	if err := wait(ctx, down); err != nil {
		return err
	}
	// It has gone for long, and if not so, this waits for it.
	return t.plane.RestartAPIServer(ctx)
}

// pauseEtcd stops etcd for a while: requests get no answer.
func (t *team) pauseEtcd(ctx context.Context, d time.Duration) error {
	pid := t.plane.EtcdPID()
	if err := send(pid, syscall.SIGSTOP); err != nil {
		return fmt.Errorf("etcd: %w", err)
	}
	return errors.Join(wait(ctx, d), send(pid, syscall.SIGCONT))
}

func send(pid int, s syscall.Signal) error {
	if pid == 0 {
		return errors.New("it does not run")
	}
	return syscall.Kill(pid, s)
}
