package main

import (
	"errors"
	"flag"
	"fmt"
	"io"

	"github.com/regent-ha/regent/examples/load-balancer/internal/control"
)

const usage = `load-balancer -config lb.yaml    forwards as the file says; SIGHUP: read it at once
load-balancer COMMAND            asks the one that runs:

` + control.Commands

// options are the command line of whoever does not give a subcommand.
type options struct {
	file  string // "" = it was asked for help
	check bool
}

// parse tells errs what is wrong.
func parse(args []string, errs io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("load-balancer", flag.ContinueOnError)
	flags.SetOutput(errs)
	flags.StringVar(&o.file, "config", "", "`file` that says what is forwarded, such as lb.yaml")
	flags.BoolVar(&o.check, "check", false, "read the file, say what is wrong with it, and end")
	flags.Usage = func() {
		_, _ = fmt.Fprint(errs, usage, "\nFlags:\n")
		flags.PrintDefaults()
	}
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return options{}, nil
	case err != nil: // the flag set has told it
		return o, control.ErrUsage
	case flags.NArg() > 0:
		_, _ = fmt.Fprintf(errs, "unknown command %q; mend: see -h\n", flags.Arg(0))
		return o, control.ErrUsage
	case o.file == "":
		_, _ = fmt.Fprintln(errs, "-config is missing; mend: the file that says what is forwarded, such as lb.yaml; see -h")
		return o, control.ErrUsage
	}
	return o, nil
}
