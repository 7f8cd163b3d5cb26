// Package replica is one replica of a mixed fleet, as a process: work that says
// all the time that it works, run by one of several electors.
package replica

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/regent-ha/regent/internal/journal"
)

// Command is the first argument of a program that is to be a replica.
const Command = "mixed-replica"

// What a replica says beside the kinds of package journal.
const (
	// Works: it is at work, said all the time.
	Works journal.Kind = "works"
	// Ends: the process ends.
	Ends journal.Kind = "ends"
)

// Main is the process, from its arguments after Command to its exit code.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	j := journal.New(os.Getenv("POD_NAME"), stdout)
	err := run(ctx, args, j, stderr)
	j.Write(journal.Line{Kind: Ends})
	if err != nil {
		_, _ = fmt.Fprintf(stderr, "%s: %v\n", os.Getenv("POD_NAME"), err)
		return 1
	}
	return 0
}

func run(ctx context.Context, args []string, j *journal.Journal, stderr io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	job := &job{journal: j, drain: o.drain}
	switch o.elector {
	case "regent":
		return runRegent(ctx, o, job, stderr)
	case "client-go":
		return runClientGo(ctx, o, job)
	case "controller-runtime":
		return runManager(ctx, o, job)
	default:
		return fmt.Errorf("-elector=%q is none; mend: regent, client-go or controller-runtime", o.elector)
	}
}

// errLost: client-go's electors are good for one term.
var errLost = errors.New("the leadership is lost")
