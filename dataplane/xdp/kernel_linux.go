package xdp

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/features"
	"golang.org/x/sys/unix"
)

// capability is one that the program's loading, or attaching, needs.
type capability struct {
	bit  uint
	name string
	why  string
}

// needed are the capabilities without which nothing works. CAP_SYS_ADMIN stands
// for CAP_BPF and CAP_PERFMON.
func needed() []capability {
	return []capability{
		{unix.CAP_BPF, "CAP_BPF", "to load programs and maps"},
		{unix.CAP_NET_ADMIN, "CAP_NET_ADMIN", "to attach them to network interfaces"},
	}
}

// effective are this thread's capabilities.
func effective() (has func(bit uint) bool, err error) {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return nil, fmt.Errorf("xdp: read this process's capabilities: %w", err)
	}
	return func(bit uint) bool { return data[bit/32].Effective&(1<<(bit%32)) != 0 }, nil
}

// checkKernel says what this process, or the kernel, lacks. guarded: the program
// has to do without CAP_PERFMON.
func checkKernel(log *slog.Logger) (guarded bool, err error) {
	has, err := effective()
	if err != nil {
		return false, err
	}
	admin := has(unix.CAP_SYS_ADMIN)
	var faults []error
	for _, c := range needed() {
		if !has(c.bit) && !(c.bit == unix.CAP_BPF && admin) {
			faults = append(faults, fmt.Errorf("xdp: %s is missing, which it takes %s; mend: run as root, or grant it (see docs/dataplane.md): %w", c.name, c.why, unix.EPERM))
		}
	}
	if len(faults) > 0 {
		return false, errors.Join(faults...)
	}
	guarded = !has(unix.CAP_PERFMON) && !admin
	if guarded {
		log.Warn("without CAP_PERFMON the kernel guards the program against speculation, which makes it slower, and it drops packets of services that have IP options; mend: grant CAP_PERFMON")
	}
	for _, h := range []struct {
		helper  asm.BuiltinFunc
		name    string
		version string
	}{
		{asm.FnFibLookup, "bpf_fib_lookup", "4.18"},
		{asm.FnKtimeGetCoarseNs, "bpf_ktime_get_coarse_ns", "5.11"},
		{asm.FnXdpLoadBytes, "XDP for frames of several buffers", "5.18"},
	} {
		if err := features.HaveProgramHelper(ebpf.XDP, h.helper); errors.Is(err, ebpf.ErrNotSupported) {
			faults = append(faults, fmt.Errorf("xdp: the kernel has no %s; mend: Linux %s or later: %w", h.name, h.version, err))
		}
	}
	return guarded, errors.Join(faults...)
}

// loadError says in short why the kernel refuses the program.
func loadError(err error) error {
	var refused *ebpf.VerifierError
	if !errors.As(err, &refused) {
		return fmt.Errorf("xdp: load the program: %w", err)
	}
	last := refused.Log
	if len(last) > 8 {
		last = last[len(last)-8:]
	}
	return fmt.Errorf("xdp: the kernel's verifier refuses the program; mend: please report this with the kernel's version: %w\n%s", refused.Cause, strings.Join(last, "\n"))
}
