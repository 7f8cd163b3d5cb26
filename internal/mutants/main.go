// Command mutants puts one fault at a time into a copy of the election's
// sources, and demands that the tests notice each:
//
//	mutants                 try all; fail if one escapes
//	mutants -only='^F1$'    those whose ID matches
//	mutants -list           say what they are
//	mutants -markdown=FILE  write the results as a table, too
//
// The faults are those that other electors have or had (F1 to F17), and the
// loss of each line of the core, of its shell and of the lock that a promise
// rests on. They are kept as text in directory catalogue: see the README there.
//
// The tree is left alone: the Go command reads a mutant through -overlay. Tests
// are tried in the order of the table in stages.go, cheap ones first, up to the
// first that fails. A mutant that does not compile, or whose text is not in the
// sources exactly once, is an error.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
)

// options are the flags.
type options struct {
	only     *regexp.Regexp
	list     bool
	states   int
	seeds    int
	sim      bool
	parallel int
	markdown string
}

func main() {
	var o options
	only := flag.String("only", "", "try mutants whose ID matches this `regexp`")
	flag.BoolVar(&o.list, "list", false, "say what the mutants are, and try none")
	flag.IntVar(&o.states, "states", 30_000, "how many states of each setting the model explores, at most")
	flag.IntVar(&o.seeds, "seeds", 2000, "how many seeds the simulation plays, at most")
	flag.BoolVar(&o.sim, "sim", true, "try the simulation on what the others let through")
	flag.IntVar(&o.parallel, "parallel", 2, "how many mutants are tried at a time")
	flag.StringVar(&o.markdown, "markdown", "", "write the results to this `file`, too")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o, *only)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, only string) (err error) {
	if o.only, err = regexp.Compile(only); err != nil {
		return err
	}
	root, err := moduleRoot(ctx)
	if err != nil {
		return err
	}
	all, err := load(filepath.Join(root, "internal", "mutants", "catalogue"))
	if err != nil {
		return err
	}
	var chosen []mutant
	for _, m := range all {
		if o.only.MatchString(m.id) {
			chosen = append(chosen, m)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("none of %d mutants has an ID that matches %q", len(all), only)
	}
	if o.list {
		for _, m := range chosen {
			fmt.Printf("%-28s %s\n", m.id, m.what)
		}
		return nil
	}
	results, err := try(ctx, root, o, chosen)
	if o.markdown != "" {
		if wrong := os.WriteFile(o.markdown, []byte(markdown(results)), 0o644); err == nil {
			err = wrong
		}
	}
	return err
}

// moduleRoot is the directory of go.mod.
func moduleRoot(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list -m: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}
