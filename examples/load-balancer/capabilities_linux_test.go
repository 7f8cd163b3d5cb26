package main_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/internal/netlab"
)

// nobody is a user without any right of its own.
const nobody = 65534

// needed are the capabilities that README.md lists.
func needed() []uintptr {
	return []uintptr{unix.CAP_BPF, unix.CAP_NET_ADMIN, unix.CAP_PERFMON, unix.CAP_NET_RAW}
}

const icmpProbe = ", probe: {type: icmp, interval: 400ms, timeout: 300ms}"

// With exactly these capabilities everything works.
func TestLeastCapabilities(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	s.serve(t, 0)
	s.start(t, s.file([]int{0}, icmpProbe), needed())
	s.await(t, "it forwards", serving(1))
	require.Equal(t, set(needed()), s.capabilities(t), "as nobody, and no others")
	s.forwards(t)
	require.NotContains(t, s.log.String(), "CAP_")
	require.NotContains(t, s.log.String(), "level=ERROR")
	require.NotContains(t, s.log.String(), "level=WARN")
	code, said := run(t, s.as(nobody, "status"))
	require.Zero(t, code, said)
	code, said = run(t, s.as(nobody-1, "status"))
	require.Equal(t, 1, code, said)
	require.Contains(t, said, "no permission to use "+filepath.Join(s.dir, "control.sock")+"; mend: be the user that the load balancer runs as, or root")
	require.NoError(t, s.cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, <-s.ended)
}

// Without one of those that it cannot do without it says which.
func TestCapabilitiesThatAreMissing(t *testing.T) {
	t.Parallel()
	for name, missing := range map[string]uintptr{"CAP_BPF": unix.CAP_BPF, "CAP_NET_ADMIN": unix.CAP_NET_ADMIN} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 1)
			s.start(t, s.file([]int{0}, icmpProbe), without(missing))
			require.Error(t, <-s.ended)
			require.Equal(t, 1, s.cmd.ProcessState.ExitCode())
			require.Contains(t, s.log.String(), name+" is missing")
			require.Contains(t, s.log.String(), "mend: ")
			require.Equal(t, 1, strings.Count(s.log.String(), "is missing"), "and no other")
			require.NoFileExists(t, filepath.Join(s.dir, "control.sock"))
		})
	}
}

// Without CAP_PERFMON it is slower, and says so.
func TestWithoutPerfmon(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	s.serve(t, 0)
	s.start(t, s.file([]int{0}, icmpProbe), without(unix.CAP_PERFMON))
	s.await(t, "it forwards", serving(1))
	require.Equal(t, set(without(unix.CAP_PERFMON)), s.capabilities(t))
	s.forwards(t)
	require.Contains(t, s.log.String(), "level=WARN")
	require.Contains(t, s.log.String(), "CAP_PERFMON")
}

// Without CAP_NET_RAW everything works but probes by ICMP, where the host gives
// nobody ping sockets.
func TestWithoutNetRaw(t *testing.T) {
	t.Parallel()
	s := newStage(t, 1)
	s.serve(t, 0)
	require.NoError(t, s.Balancer.Sysctl("ipv4/ping_group_range", "1 0"))
	s.start(t, s.file([]int{0}, icmpProbe), without(unix.CAP_NET_RAW))
	r := s.await(t, "the endpoint is down", func(r balancer.Report) bool { return r.Services[0].Down == 1 })
	require.Contains(t, r.Services[0].Endpoints[0].Reason, "neither ping sockets nor raw sockets are permitted; mend:")
	require.Contains(t, r.Services[0].Endpoints[0].Reason, "CAP_NET_RAW")
	s.write(t, s.file([]int{0}, httpProbe))
	s.await(t, "it forwards", serving(1))
	s.forwards(t)
}

// forwards: connections of both families get through.
func (s *stage) forwards(t *testing.T) {
	t.Helper()
	for _, f := range netlab.Families() {
		code, said := get(t, s.Client, vip(f, 0))
		require.Equal(t, http.StatusOK, code)
		require.Equal(t, fmt.Sprintf("endpoint0 to %v", f.Client()), said)
	}
}

// as is a subcommand that a user runs.
func (s *stage) as(user uint32, command string) *exec.Cmd {
	cmd := exec.Command(program, command, "-socket", filepath.Join(s.dir, "control.sock"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	return cmd
}

// capabilities are those in effect of the program, as a set of bits.
func (s *stage) capabilities(t *testing.T) (bits uint64) {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	require.NoError(t, err)
	_, line, ok := strings.Cut(string(status), "\nCapEff:")
	require.True(t, ok)
	_, err = fmt.Sscanf(line, "%x", &bits)
	require.NoError(t, err)
	return bits
}

func set(all []uintptr) (bits uint64) {
	for _, c := range all {
		bits |= 1 << c
	}
	return bits
}

func without(missing uintptr) []uintptr {
	return slices.DeleteFunc(needed(), func(c uintptr) bool { return c == missing })
}
