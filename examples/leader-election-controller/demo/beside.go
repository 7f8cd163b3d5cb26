package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
)

// beside runs f in the group, and returns a channel that is closed when it
// has ended.
func beside(group *errgroup.Group, f func() error) <-chan struct{} {
	ended := make(chan struct{})
	group.Go(func() error {
		defer close(ended)
		return f()
	})
	return ended
}

// wait waits for the end of all.
func wait(ctx context.Context, all ...<-chan struct{}) error {
	for _, c := range all {
		select {
		case <-c:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return ctx.Err()
}

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
