package main_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

const small = `seed: 1
services:
- {vip: 192.0.2.1, port: 80, protocol: tcp, endpoints: [{address: 10.0.0.1}]}
`

// Each fault of a command line is told with what to do. None of these starts
// anything.
func TestCommandLines(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
		return file
	}
	well, bad := write("lb.yaml", small), write("bad.yaml", small+"x: 1\nlisten: x\n")
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"nothing":         {nil, 2, []string{"-config is missing; mend: the file that says what is forwarded"}},
		"unknown flag":    {[]string{"-bogus"}, 2, []string{"-bogus", "load-balancer COMMAND", "drain ENDPOINT"}},
		"unknown command": {[]string{"stats"}, 2, []string{`unknown command "stats"; mend: see -h`}},
		"help":            {[]string{"-h"}, 0, []string{"-config lb.yaml", "-check"}},
		"no file":         {[]string{"-config", "/no/such/file"}, 1, []string{"/no/such/file", "mend: give -config"}},
		"faults": {[]string{"--config", bad}, 1, []string{
			bad + ":4: x 1 is not known; mend: leave it out", bad + ":5: listen x is no address with a port",
		}},
		"checked":               {[]string{"-check", "-config", well}, 0, nil},
		"checked, with faults":  {[]string{"-check", "-config", bad}, 1, []string{bad + ":4: x 1"}},
		"the example":           {[]string{"-check", "-config", "lb.yaml"}, 0, nil},
		"subcommand, no socket": {[]string{"status", "-socket", filepath.Join(dir, "s")}, 1, []string{"there is no socket", "mend: start the load balancer"}},
		"subcommand, usage":     {[]string{"drain"}, 2, []string{"drain: no endpoint"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, said := run(t, exec.CommandContext(t.Context(), program, c.args...))
			require.Equal(t, c.code, code, said)
			for _, s := range c.says {
				require.Contains(t, said, s)
			}
		})
	}
}

// run runs a command to its end.
func run(t *testing.T, cmd *exec.Cmd) (code int, said string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}
