package stand

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/regent-ha/regent/internal/bench/dataplane/outcome"
	"github.com/regent-ha/regent/internal/netlab"
)

// Client asks a stand.
type Client struct {
	process *netlab.Process
	in      io.WriteCloser
	out     *json.Decoder
}

// Flag makes this program a stand, and BareFlag one without CAP_PERFMON.
const (
	Flag     = "-stand"
	BareFlag = "-bare-stand"
)

// Start starts this program as a stand on a host, and waits until it is ready.
func Start(host *netlab.Namespace, s Setup, bare bool, stderr io.Writer) (_ *Client, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	flag := Flag
	if bare {
		flag = BareFlag
	}
	cmd := exec.Command(self, flag)
	cmd.Stderr = stderr
	c := &Client{}
	if c.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.out = json.NewDecoder(bufio.NewReader(out))
	if c.process, err = host.Start(cmd); err != nil {
		return nil, err
	}
	if _, err := c.ask(s); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Client) ask(question any) (a answer, err error) {
	if err := json.NewEncoder(c.in).Encode(question); err != nil {
		return a, fmt.Errorf("stand: %w", err)
	}
	if err := c.out.Decode(&a); err != nil {
		return a, fmt.Errorf("stand: its answer: %w", err)
	}
	if a.Fault != "" {
		return a, fmt.Errorf("stand: %s", a.Fault)
	}
	return a, nil
}

// Measure returns the nanoseconds of one packet of n, the generator's included.
func (c *Client) Measure(what outcome.Case, warm, n int) (ns float64, err error) {
	a, err := c.ask(request{Case: &what, Packets: n, Warm: warm})
	return a.NS, err
}

// Send sends real frames.
func (c *Client) Send(what outcome.Case, warm, n int) (Passage, error) {
	a, err := c.ask(request{Case: &what, Packets: n, Warm: warm, Live: true})
	return a.Passage, err
}

// Configure measures the application of a configuration.
func (c *Client) Configure(what Configure) (Configured, error) {
	a, err := c.ask(request{Configure: &what})
	if err != nil {
		return Configured{}, err
	}
	return *a.Configured, nil
}

// Tracked are the bytes that maps take which have room for so many connections
// of each kind, by name.
func (c *Client) Tracked(connections int) (map[string]uint64, error) {
	a, err := c.ask(request{Tracked: connections})
	return a.Maps, err
}

// Close ends the stand, and waits until it has gone.
func (c *Client) Close() error {
	err := c.in.Close()
	return errors.Join(err, c.process.Wait())
}
