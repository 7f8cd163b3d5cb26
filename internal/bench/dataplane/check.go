package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// The parts that can be measured alone.
const (
	partPackets = "packets"
	partFrames  = "frames"
	partApply   = "apply"
)

// check finds what is wrong with the command line, before minutes pass.
func (o options) check(args []string) error {
	parts := []string{partPackets, partFrames, partApply}
	switch {
	case len(args) > 0:
		return fmt.Errorf("unexpected argument %q; mend: there are only flags, see -h", args[0])
	case o.quick && o.tiny:
		return errors.New("both -quick and -tiny; mend: one size")
	case o.only != "" && !slices.Contains(parts, o.only):
		return fmt.Errorf("-only %q; mend: one of %v", o.only, parts)
	case o.only != "" && o.docs != "":
		return fmt.Errorf("-only %q with -docs: a part is not published; mend: one of both", o.only)
	case o.perfmon && o.docs != "":
		return errors.New("-perfmon-only with -docs: a part is not published; mend: one of both")
	case o.cpu < 0 || o.cpu >= runtime.NumCPU():
		return fmt.Errorf("-cpu %d; mend: 0 to %d", o.cpu, runtime.NumCPU()-1)
	case o.docs != "":
		_, err := os.Stat(filepath.Join(o.docs, "performance.md"))
		return err
	}
	return nil
}

// has reports whether a part is to be measured.
func (o options) has(part string) bool { return o.only == "" || o.only == part }
