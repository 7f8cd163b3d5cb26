package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/regent-ha/regent/internal/bench/election"
	"github.com/regent-ha/regent/internal/bench/report"
	"github.com/regent-ha/regent/internal/controlplane"
)

// check finds what is wrong with the command line, before minutes pass.
func (o options) check(args []string) error {
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q; mend: there are only flags, see -h", args[0])
	case o.quick && o.tiny:
		return errors.New("both -quick and -tiny; mend: one size")
	case o.only != "" && o.docs != "":
		return errors.New("both -only and -docs; mend: the document has all parts")
	case o.docs != "":
		_, err := os.Stat(filepath.Join(o.docs, "performance.md"))
		return err
	}
	return nil
}

// run measures, or reads what was measured, and shows it. It publishes only what
// is complete.
func run(ctx context.Context, o options, stdout, stderr io.Writer) error {
	results, err := o.results(ctx, stderr)
	if results.Measured() { // also what came before an error
		_, printed := fmt.Fprintln(stdout, results.Markdown())
		err = errors.Join(err, printed)
	}
	if err != nil || o.docs == "" {
		return err
	}
	return results.Publish(o.docs)
}

func (o options) results(ctx context.Context, progress io.Writer) (r report.Results, err error) {
	if o.from != "" {
		data, err := os.ReadFile(filepath.Clean(o.from))
		if err != nil {
			return r, err
		}
		return r, json.Unmarshal(data, &r)
	}
	size := election.Full()
	switch {
	case o.quick:
		size = election.Quick()
	case o.tiny:
		size = election.Tiny()
	}
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: progress})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	start := time.Now()
	bench := election.Bench{Plane: plane, Size: size, Only: o.only, Say: func(format string, args ...any) {
		_, _ = fmt.Fprintf(progress, "%6.1f s  %s\n", time.Since(start).Seconds(), fmt.Sprintf(format, args...))
	}}
	r, err = bench.Run(ctx)
	r.Quick = o.quick || o.tiny
	return r, err
}
