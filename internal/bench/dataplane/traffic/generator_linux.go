package traffic

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/regent-ha/regent/internal/bench/dataplane/bpf"
)

// Generator makes flows of one frame, and hands each to a program. It is for
// one thread: the one that made it, which it locks to one processor, and to the
// network namespace that it is in.
type Generator struct {
	objects  bpf.GeneratorObjects
	cpu      int
	idle     int
	attached link.Link

	device  int
	running *ebpf.Program
	frame   []byte // room for one

	sink link.Link
	rest softirqs
}

// NewGenerator loads a generator. It is attached to an idle interface: a program
// that is attached nowhere makes the kernel wait for all processors before and
// after each run.
func NewGenerator(idle, cpu int) (_ *Generator, err error) {
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("run on processor %d: %w", cpu, err)
	}
	g := &Generator{cpu: cpu, idle: idle}
	if err := bpf.LoadGeneratorObjects(&g.objects, nil); err != nil {
		return nil, fmt.Errorf("load the generator: %w", err)
	}
	return g, nil
}

// CPU is the processor that it runs on.
func (g *Generator) CPU() int { return g.cpu }

// Back returns at once.
func (g *Generator) Back() *ebpf.Program { return g.objects.Back }

// Pass leaves each frame to the kernel.
func (g *Generator) Pass() *ebpf.Program { return g.objects.Pass }

// Aim makes frames of a stream go to a program, which sees them come in at a
// device that has a program of its own.
func (g *Generator) Aim(s Stream, device int, at *ebpf.Program) error {
	l, length, err := s.layout()
	if err != nil {
		return err
	}
	program := g.objects.Generate6
	if s.VIP.Is4() {
		program = g.objects.Generate4
	}
	if err := g.attach(program); err != nil {
		return err
	}
	g.device, g.frame = device, make([]byte, length)
	return errors.Join(g.objects.Stream.Set(l), g.objects.Measured.Put(uint32(0), at))
}

func (g *Generator) attach(p *ebpf.Program) (err error) {
	switch {
	case g.running == p:
		return nil
	case g.attached != nil:
		err = g.attached.Update(p)
	default:
		g.attached, err = link.AttachXDP(link.XDPOptions{Program: p, Interface: g.idle, Flags: link.XDPDriverMode})
	}
	if err != nil {
		return fmt.Errorf("attach the generator to an idle interface: %w", err)
	}
	g.running = p
	return nil
}

// Run makes n frames, and returns the processor time of each, in nanoseconds,
// and the verdict on the last.
func (g *Generator) Run(n int) (ns float64, verdict uint32, err error) {
	return g.run(n, 0)
}

// One makes one frame, and returns what the program made of it.
func (g *Generator) One() (frame []byte, verdict uint32, err error) {
	frame = make([]byte, len(g.frame)+256)
	opts := ebpf.RunOptions{Data: g.frame, DataOut: frame, Context: metadata(len(g.frame), g.device)}
	verdict, err = g.running.Run(&opts)
	return opts.DataOut, verdict, err
}

func (g *Generator) run(n int, flags uint32) (ns float64, verdict uint32, err error) {
	opts := ebpf.RunOptions{Data: g.frame, Repeat: uint32(n), Flags: flags, Context: metadata(len(g.frame), g.device)}
	restore, err := hold()
	if err != nil {
		return 0, 0, err
	}
	start, err := used()
	if err != nil {
		return 0, 0, errors.Join(err, restore())
	}
	verdict, err = g.running.Run(&opts)
	end, err2 := used()
	if err := errors.Join(err, err2, restore()); err != nil {
		return 0, 0, fmt.Errorf("test run: %w", err)
	}
	return float64(end-start) / float64(n), verdict, nil
}

// metadata is struct xdp_md of a frame of so many bytes that comes in at a
// device.
func metadata(length, device int) []byte {
	b := make([]byte, 6*4)
	binary.NativeEndian.PutUint32(b[4:], uint32(length)) // data_end
	binary.NativeEndian.PutUint32(b[12:], uint32(device))
	return b
}

// used is the processor time of this thread.
func used() (time.Duration, error) {
	var t unix.Timespec
	err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t)
	return time.Duration(t.Nano()), err
}

// hold keeps the signals from this thread that Go's scheduler sends: a test run
// would begin anew.
func hold() (restore func() error, err error) {
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		return nil, err
	}
	return func() error { return unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) }, nil
}

// Close frees all that the generator has.
func (g *Generator) Close() error {
	var err error
	for _, l := range []link.Link{g.attached, g.sink} {
		if l != nil {
			err = errors.Join(err, l.Close())
		}
	}
	return errors.Join(err, g.objects.Close())
}

// Hand hands one frame to a program, as if it came in at a device.
func Hand(p *ebpf.Program, device int, frame []byte) (verdict uint32, err error) {
	return p.Run(&ebpf.RunOptions{Data: frame, Context: metadata(len(frame), device)})
}
