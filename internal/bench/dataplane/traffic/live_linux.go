package traffic

import (
	"errors"
	"fmt"
	"time"

	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Passage is what became of real frames.
type Passage struct {
	// Sent were made, Received have come to the sink.
	Sent, Received int
	// Took is the processor time of everything together.
	Took time.Duration
}

// Rate is how many million frames have come through in a second.
func (p Passage) Rate() float64 { return float64(p.Received) / p.Took.Seconds() / 1e6 }

// Drain counts frames that come in at a device, and ends them.
func (g *Generator) Drain(device int) (err error) {
	if g.rest, err = findSoftirqs(g.cpu); err != nil {
		return err
	}
	g.sink, err = link.AttachXDP(link.XDPOptions{Program: g.objects.Sink, Interface: device, Flags: link.XDPDriverMode})
	if err != nil {
		return fmt.Errorf("attach the sink: %w", err)
	}
	return nil
}

// Live makes n real frames, with which the verdict is done. Frames that are
// sent have to come to the device that is drained.
func (g *Generator) Live(n int) (p Passage, err error) {
	received, err := g.received()
	if err != nil {
		return p, err
	}
	rest, err := g.rest.used()
	if err != nil {
		return p, err
	}
	ns, _, err := g.run(n, unix.BPF_F_TEST_XDP_LIVE_FRAMES)
	if err != nil {
		return p, err
	}
	all, err := g.received()
	more, err2 := g.rest.used()
	took := time.Duration(ns*float64(n)) + more - rest
	return Passage{Sent: n, Received: int(all - received), Took: took}, errors.Join(err, err2)
}

// received is how many frames have come to the sink so far.
func (g *Generator) received() (n uint64, err error) {
	var each []uint64
	if err := g.objects.Received.Lookup(uint32(0), &each); err != nil {
		return 0, err
	}
	for _, count := range each {
		n += count
	}
	return n, nil
}
