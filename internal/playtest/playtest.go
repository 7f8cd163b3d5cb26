// Package playtest lets tests play a demonstration as people do: as a process
// that writes to its standard output, and that leaves nothing behind.
package playtest

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Play is a demonstration that runs, with a place of its own for its temporary
// files.
type Play struct {
	cmd  *exec.Cmd
	out  *bufio.Reader
	said bytes.Buffer // what was read of out
	temp string
}

// New starts a program.
func New(t *testing.T, program string, flags ...string) *Play {
	t.Helper()
	p := &Play{temp: t.TempDir()}
	p.cmd = exec.CommandContext(t.Context(), program, flags...)
	p.cmd.Env = append(os.Environ(), "TMPDIR="+p.temp)
	out, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	p.cmd.Stderr = p.cmd.Stdout
	p.out = bufio.NewReader(io.TeeReader(out, &p.said))
	require.NoError(t, p.cmd.Start())
	return p
}

// Until reads until a line has a piece of text.
func (p *Play) Until(t *testing.T, piece string) {
	t.Helper()
	for {
		line, err := p.out.ReadString('\n')
		require.NoError(t, err, p.said.String())
		if strings.Contains(line, piece) {
			return
		}
	}
}

// End reads to the end, and finds that nothing is left.
func (p *Play) End(t *testing.T) (code int, said string) {
	t.Helper()
	_, err := io.Copy(io.Discard, p.out)
	require.NoError(t, err)
	err = p.cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	said = p.said.String()
	t.Log(said)
	left, err := os.ReadDir(p.temp)
	require.NoError(t, err)
	require.Empty(t, left, "files are left behind")
	require.Empty(t, p.Processes(t), "processes are left behind")
	return p.cmd.ProcessState.ExitCode(), said
}

// Processes are those that have inherited the environment of the demo, where
// the system has /proc.
func (p *Play) Processes(t *testing.T) (running []string) {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/environ")
	require.NoError(t, err)
	for _, file := range all {
		environ, err := os.ReadFile(file)
		if err == nil && bytes.Contains(environ, []byte("TMPDIR="+p.temp)) {
			running = append(running, file)
		}
	}
	return running
}

// Interrupt is a Ctrl-C.
func (p *Play) Interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(os.Interrupt))
}
