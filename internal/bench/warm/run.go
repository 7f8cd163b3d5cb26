package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/regent-ha/regent/internal/bench/warm/promotion"
	"github.com/regent-ha/regent/internal/controlplane"
)

// check finds what is wrong with the command line, before minutes pass.
func (o options) check(args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q; mend: there are only flags, see -h", args[0])
	case o.quick && o.tiny:
		return errors.New("both -quick and -tiny; mend: one size")
	case o.docs != "":
		_, err := os.Stat(filepath.Join(o.docs, "performance.md"))
		return err
	}
	return nil
}

// run measures, shows and judges. It publishes only what passed.
func run(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	size := promotion.Full()
	switch {
	case o.quick:
		size = promotion.Quick()
	case o.tiny:
		size = promotion.Tiny()
	}
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: stderr})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	start := time.Now()
	bench := promotion.Bench{Plane: plane, Size: size, Say: func(format string, args ...any) {
		_, _ = fmt.Fprintf(stderr, "%6.1f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}}
	results, err := bench.Run(ctx)
	if err != nil {
		return err
	}
	results.Quick = o.quick || o.tiny
	if _, err := fmt.Fprintln(stdout, results.Markdown()); err != nil {
		return err
	}
	if err := results.Check(!o.tiny); err != nil || o.docs == "" {
		return err
	}
	return results.Publish(o.docs)
}
