package probe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"time"
)

// maxDatagram is the most that a UDP datagram can hold over IPv4.
const maxDatagram = 65507

// UDP is well if a datagram is answered, and not if the host says by ICMP that
// nobody listens on the port. What comes from other addresses or ports is no
// answer.
type UDP struct {
	// Payload is what is sent. Empty = an empty datagram. At most 65507 bytes.
	Payload []byte
	// Expect is what an answer has to contain, in its first 4096 bytes. An answer without it is passed
	// over, as it may be a late one. Empty = any answer will do.
	Expect []byte
	// SilenceIsWell is for services that do not answer what they do not know:
	// only an ICMP error is a failure. Silence is concluded after 9/10 of the
	// check's timeout. A host that is gone altogether is well, too, so the others
	// are to be preferred. Hosts limit how many ICMP errors they send (Linux:
	// one a second to each address), so Rise should be 2 or more. Not together
	// with Expect.
	SilenceIsWell bool
}

// Validate is part of [Probe].
func (u UDP) Validate() error {
	var faults []error
	if n := len(u.Payload); n > maxDatagram {
		faults = append(faults, &FieldError{Field: "Payload", Value: fmt.Sprintf("of %d bytes", n), Bound: fmt.Sprintf("is longer than %d", maxDatagram), Mend: "what fits in a datagram"})
	}
	if u.SilenceIsWell && len(u.Expect) > 0 {
		faults = append(faults, &FieldError{Field: "SilenceIsWell", Value: true, Bound: "contradicts Expect", Mend: "one of them"})
	}
	return errors.Join(faults...)
}

// Check is part of [Probe].
func (u UDP) Check(ctx context.Context, at Destination) error {
	conn, err := at.dial(ctx, "udp", nil)
	if err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer func() { _ = conn.Close() }()
	until, limited := ctx.Deadline()
	if u.SilenceIsWell && limited {
		until = time.Now().Add(time.Until(until) * 9 / 10)
	}
	if err := conn.SetDeadline(until); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	defer abortOn(ctx, conn)()
	if _, err := conn.Write(u.Payload); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	answer, others := make([]byte, answerBuffer), 0
	for {
		n, err := conn.Read(answer)
		switch {
		case err == nil && bytes.Contains(answer[:n], u.Expect):
			return nil
		case err == nil:
			others++
		case u.SilenceIsWell && errors.Is(err, os.ErrDeadlineExceeded) && ctx.Err() == nil:
			return nil
		case others > 0:
			return fmt.Errorf("probe: udp: %d answers, none with what is expected: %w", others, err)
		default:
			return fmt.Errorf("probe: %w", err)
		}
	}
}
