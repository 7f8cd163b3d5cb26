package xdp_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/regent-ha/regent/dataplane/internal/model"
)

// send runs the program on a segment, and has what it made of it judged.
func (d *duel) send(s segment, judge func(got packet, port model.Port) error) error {
	frame := s.frame()
	d.note("%v to %v, flags %x", s.from, s.to, s.flags)
	d.packets++
	verdict, out, err := d.run(frame)
	if err != nil {
		return err
	}
	var got packet
	var port model.Port
	switch verdict {
	case xdpTX, xdpRedirect:
		if got, err = parse(out); err != nil {
			return err
		}
		port = model.Port(1 + slices.Index(d.ports, got.segment().from))
	case xdpPass:
		if !bytes.Equal(out, frame) {
			return errors.New("what is left to the host is not what came")
		}
	}
	if err := judge(got, port); err != nil {
		made := "nothing: " + d.why()
		if got.body != nil {
			made = got.segment().String()
		}
		return fmt.Errorf("%w; the program (verdict %d) has sent %s", err, verdict, made)
	}
	return d.account(verdict)
}

// why is which counters differ from what is expected.
func (d *duel) why() (why string) {
	counts, err := d.forwarder.Counts()
	for name, n := range counts {
		if n != d.counts[name] {
			why += fmt.Sprintf("%s: %d, not %d ", name, n, d.counts[name])
		}
	}
	return fmt.Sprint(why, err)
}

// expect compares what the program has sent with what the model says. Nothing
// sent is the zero packet.
func (d *duel) expect(v model.Verdict, of int, sent segment, got packet) error {
	d.last = v
	want := sent
	want.ttl--
	switch {
	case v.To != model.None:
		want.to = d.at(of, v.To)
		if v.Port != 0 {
			want.from = d.ports[v.Port-1]
		}
		want.mac = d.nextHop(want.to.Addr())
	case v.Answers != nil:
		want.from, want.to = d.vip(v.Answers.Service), d.clients[v.Answers.Client]
		want.mac = d.nextHop(want.to.Addr())
		if slices.Contains(d.ports, sent.to) {
			want.mac = cause()
		}
	default:
		if got.body != nil {
			return fmt.Errorf("the model says %v", v)
		}
		return nil
	}
	if got.body == nil || got.segment().String() != want.String() {
		return fmt.Errorf("the model says %v: %v", v, want)
	}
	return nil
}

// account compares the program's counters with the model's verdict.
func (d *duel) account(verdict uint32) error {
	want := uint32(xdpRedirect)
	reason := ""
	switch v := d.last; {
	case v.Drop != "":
		want, reason = xdpDrop, string(v.Drop)
	case v.To == model.None && v.Answers == nil:
		want, reason = xdpPass, "left-to-host"
	}
	if verdict != want && !(verdict == xdpTX && want == xdpRedirect) {
		return fmt.Errorf("verdict %d; the model says %v", verdict, d.last)
	}
	d.verdicts[reason]++
	d.counts[reason]++
	if want != xdpDrop {
		return nil
	}
	counts, err := d.forwarder.Counts()
	if err != nil {
		return err
	}
	for name, n := range counts {
		if n != d.counts[name] && !slices.Contains([]string{"", "crowded", "unsettled"}, name) {
			return fmt.Errorf("counter %q is %d, not %d, for %v", name, n, d.counts[name], d.last)
		}
	}
	return nil
}
