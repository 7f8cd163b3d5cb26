package traffic

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"time"
)

// replyWithin is how long a client waits for a reply, before it is lost: longer
// than a busy machine keeps a process waiting.
const replyWithin = 3 * time.Second

// losses is after how many lost replies in a row a client begins another flow.
const losses = 2

// datagrams keeps a flow. If it gets no replies any more, there is a next one.
func (l *Load) datagrams(ctx context.Context, p Plan) {
	for ctx.Err() == nil {
		conn, err := p.Dial(ctx, "udp", p.ToUDP)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			l.tally.change(func(t *Tally) {
				t.Lost = append(t.Lost, Fault{Kind: "UDP", Began: time.Now(), At: time.Now(), Err: err})
			})
			sleep(ctx, replyWithin)
		default:
			f := &flow{conn: conn, load: l, id: l.ids.Add(1), size: max(p.UDPSize, datagramHead+padding), began: time.Now()}
			f.run(ctx, p.UDPPause)
		}
		if conn != nil {
			_ = conn.Close()
		}
	}
}

// flow is a UDP client.
type flow struct {
	conn     net.Conn
	load     *Load
	id, seq  uint64
	size     int
	endpoint string
	began    time.Time
}

// run ends with ctx, or when there are no replies.
func (f *flow) run(ctx context.Context, pause time.Duration) {
	for lost := 0; lost < losses; {
		if err := f.request(); err != nil {
			lost++
			fault := f.fault(err)
			fault.flow, fault.request = f.id, f.seq
			f.load.tally.change(func(t *Tally) { t.Lost = append(t.Lost, fault) })
		} else {
			lost = 0
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

func (f *flow) fault(err error) Fault {
	return Fault{Kind: "UDP", Endpoint: f.endpoint, Began: f.began, At: time.Now(), From: f.conn.LocalAddr(), Err: err}
}

// request sends one, and gets its reply.
func (f *flow) request() error {
	f.seq++
	b := make([]byte, f.size)
	binary.BigEndian.PutUint64(b, f.id)
	binary.BigEndian.PutUint64(b[8:], f.seq)
	fill(f.id, f.seq, b[datagramHead:])
	if err := f.conn.SetDeadline(time.Now().Add(replyWithin)); err != nil {
		return err
	}
	if _, err := f.conn.Write(b); err != nil {
		return fmt.Errorf("request %d: %w", f.seq, err)
	}
	for {
		reply := make([]byte, len(b)+1)
		n, err := f.conn.Read(reply)
		if err != nil {
			return fmt.Errorf("reply %d: %w", f.seq, err)
		}
		if n < datagramHead {
			return fmt.Errorf("%w: reply %d has %d bytes", ErrWrongByte, f.seq, n)
		}
		seq := binary.BigEndian.Uint64(reply[8:])
		if seq >= f.seq {
			return f.reply(reply[:n])
		}
		f.load.tally.late(f.id, seq)
	}
}

// reply checks what came back.
func (f *flow) reply(b []byte) error {
	if len(b) != f.size || binary.BigEndian.Uint64(b) != f.id || binary.BigEndian.Uint64(b[8:]) != f.seq {
		return fmt.Errorf("%w: reply %d has %d bytes, or another number", ErrWrongByte, f.seq, len(b))
	}
	body := b[datagramHead:]
	name := 1 + int(body[0])
	want := make([]byte, len(body))
	fill(f.id, f.seq, want)
	for i := name; i < len(body); i++ {
		if body[i] != want[i] {
			return fmt.Errorf("%w: byte %d of reply %d", ErrWrongByte, i, f.seq)
		}
	}
	endpoint := string(body[1:name])
	if f.endpoint != "" && f.endpoint != endpoint {
		fault := f.fault(fmt.Errorf("reply %d is from %q", f.seq, endpoint))
		f.load.tally.change(func(t *Tally) { t.Moved = append(t.Moved, fault) })
	}
	f.endpoint = endpoint
	f.load.tally.change(func(t *Tally) { t.Replies[endpoint]++ })
	return nil
}
