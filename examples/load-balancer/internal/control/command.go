package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

// ErrUsage: the command line is not understood. What is wrong with it was
// written already.
var ErrUsage = errors.New("usage")

// Commands are the subcommands, one in a line.
const Commands = `  status              what it does: interfaces, traffic, drops, tables
  services            each service with its endpoints
  flows               connections that are remembered, one in a line
                      (-vip, -endpoint, -client ADDRESS[:PORT] or PREFIX)
  drain ENDPOINT      no new connections for ADDRESS:PORT, or ADDRESS with all ports
  undrain ENDPOINT    as the file says, again
Each takes -socket PATH and -json.
`

// command is a subcommand with its flags.
type command struct {
	name    string
	flags   *flag.FlagSet
	out     io.Writer
	socket  string
	json    bool
	filter  Filter
	operand string
}

// Known: there is a subcommand of that name.
func Known(name string) bool {
	switch name {
	case "status", "services", "flows", "drain", "undrain":
		return true
	}
	return false
}

// Run runs the subcommand args[0].
func Run(ctx context.Context, args []string, out, errs io.Writer) error {
	c := &command{name: args[0], flags: flag.NewFlagSet("load-balancer "+args[0], flag.ContinueOnError), out: out}
	c.flags.SetOutput(errs)
	c.flags.StringVar(&c.socket, "socket", config.DefaultSocket, "`path` of the socket, as the file of the load balancer has it")
	c.flags.BoolVar(&c.json, "json", false, "write JSON")
	if c.name == "flows" {
		c.flags.StringVar(&c.filter.VIP, "vip", "", "`address`, address:port or prefix of the VIP")
		c.flags.StringVar(&c.filter.Endpoint, "endpoint", "", "`address`, address:port or prefix of the endpoint")
		c.flags.StringVar(&c.filter.Client, "client", "", "`address`, address:port or prefix of the client")
	}
	switch err := c.parse(args[1:]); {
	case errors.Is(err, flag.ErrHelp):
		return nil // the flag set has told what there is
	case errors.Is(err, ErrUsage):
		return ErrUsage // likewise, what is wrong
	case err != nil:
		_, _ = fmt.Fprintln(errs, err)
		return ErrUsage
	}
	client := NewClient(c.socket)
	switch c.name {
	case "status", "services":
		report, err := client.Report(ctx)
		if err != nil {
			return err
		}
		switch {
		case c.json && c.name == "services":
			return writeJSON(out, report.Services)
		case c.json:
			return writeJSON(out, report)
		case c.name == "services":
			return writeServices(out, report)
		}
		return writeStatus(out, report)
	case "flows":
		return c.flow(ctx, client)
	case "drain":
		found, err := client.Drain(ctx, c.operand)
		return c.changed(found, err, "gets no new connections; those that it has go on")
	}
	found, err := client.Undrain(ctx, c.operand)
	return c.changed(found, err, "gets connections as the file says")
}

// parse takes flags before and behind the operand.
func (c *command) parse(args []string) error {
	var operands []string
	for {
		if err := c.flags.Parse(args); errors.Is(err, flag.ErrHelp) {
			return err
		} else if err != nil {
			return ErrUsage
		}
		if args = c.flags.Args(); len(args) == 0 {
			break
		}
		operands, args = append(operands, args[0]), args[1:]
	}
	takes := 0
	if strings.HasSuffix(c.name, "drain") {
		takes = 1
	}
	switch {
	case len(operands) < takes:
		return fmt.Errorf("%s: no endpoint; mend: such as %q, or 10.0.0.1 for all its ports", c.name, c.name+" 10.0.0.1:80")
	case len(operands) > takes:
		return fmt.Errorf("%s: unexpected arguments %q; mend: leave them out, see -h", c.name, operands[takes:])
	case takes == 1:
		c.operand = operands[0]
	}
	_, err := c.filter.picks()
	return err
}

// changed tells which endpoints were drained or undrained.
func (c *command) changed(found []netip.AddrPort, err error, says string) error {
	if err != nil {
		return err
	}
	if c.json {
		return writeJSON(c.out, Endpoints{found})
	}
	for _, e := range found {
		if _, err := fmt.Fprintf(c.out, "%v %s\n", e, says); err != nil {
			return err
		}
	}
	return nil
}

// flow writes connections as they come.
func (c *command) flow(ctx context.Context, client *Client) error {
	buffered := bufio.NewWriter(c.out)
	encoder := json.NewEncoder(buffered)
	table := newFlowTable(buffered)
	err := client.Flows(ctx, c.filter, func(f Flow) error {
		if c.json {
			return encoder.Encode(f)
		}
		return table.write(f)
	})
	if err == nil && !c.json {
		err = table.end()
	}
	return errors.Join(err, buffered.Flush())
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
