// Command gotest runs "go test -json" with the arguments that it is given, and
// says what goes on:
//
//   - one line for each package, as soon as it is done;
//   - the whole output of each test that fails;
//   - every ten seconds, which tests are running and for how long;
//   - at the end how many passed and, by name and reason, which were skipped.
//
// Its exit code is that of go test.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

func main() {
	err := run(os.Args[1:])
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

func run(args []string) error {
	cmd := exec.Command("go", append([]string{"test", "-json"}, args...)...)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	report := newReport(os.Stdout)
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
	return err
}

// heartbeat is how long nothing may be said.
const heartbeat = 10 * time.Second
