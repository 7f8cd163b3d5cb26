// Command gotest runs "go test -json" with the arguments that it is given, and
// says what goes on:
//
//   - one line for each package, as soon as it is done;
//   - the whole output of each test that fails;
//   - what tests report about themselves with testing.T.Attr;
//   - every ten seconds, which tests are running and for how long;
//   - at the end how many passed and, by name and reason, which were skipped.
//
// Its exit code is that of go test; but if CI is true in the environment, a
// test that was skipped is a failure, too: there, nothing may be missing.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

func main() {
	err := run(os.Args[1:], os.Stdout, os.Getenv("CI") == "true")
	var exit *exec.ExitError
	switch {
	case err == nil:
	case errors.As(err, &exit) && exit.ExitCode() > 0:
		os.Exit(exit.ExitCode())
	default:
		_, _ = fmt.Fprintln(os.Stderr, "gotest:", err)
		os.Exit(1)
	}
}

// errSkipped: a test was skipped where none may be.
var errSkipped = errors.New("tests were skipped, which CI=true makes a failure")

func run(args []string, out io.Writer, complete bool) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	report := newReport(out)
	lines := make(chan line)
	go scan(pipe, lines)
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case l, ok := <-lines:
			if done = !ok; ok {
				report.take(l)
				tick.Reset(heartbeat)
			}
		case now := <-tick.C:
			report.running(now)
		}
	}
	err = cmd.Wait()
	report.summary()
	if err == nil && complete && len(report.skips) > 0 {
		return errSkipped
	}
	return err
}

// heartbeat is how long nothing may be said.
const heartbeat = 10 * time.Second
