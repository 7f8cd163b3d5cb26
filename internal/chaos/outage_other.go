//go:build !unix

package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

func (t *team) killAPIServer(context.Context, time.Duration) error {
	return fmt.Errorf("kill kube-apiserver: %w: needs the signals of a Unix system", errors.ErrUnsupported)
}

func (t *team) pauseEtcd(context.Context, time.Duration) error {
	return fmt.Errorf("stop etcd: %w: needs the signals of a Unix system", errors.ErrUnsupported)
}
