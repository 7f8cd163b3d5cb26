package dockerchaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"

	"github.com/regent-ha/regent/internal/journal"
)

// container is a replica of the example.
type container struct {
	replica string     // its name in the journal
	name    string     // in the engine
	address netip.Addr // in the network, when connected

	told  atomic.Bool   // to end
	ended chan struct{} // closed when its journal has ended
	err   error         // how it ended; to be read after ended
}

// startContainer runs a replica, whose journal comes to the ledger. Journal and
// log are kept.
//
// client-go takes 45 s to give up an HTTP/2 connection that leads nowhere, in
// which a leader cannot do its work although it leads. The two variables make
// that 2 s. The election does not depend on them: its connections are of
// another kind, see lock.RESTConfig.
func (t *trial) startContainer(ctx context.Context, replica string, address netip.Addr, flags []string) (*container, error) {
	c := &container{replica: replica, name: t.network.name + "-" + replica, address: address, ended: make(chan struct{})}
	args := []string{
		"run", "--detach", "--name", c.name, "--label", label + "=" + t.network.name,
		"--network", t.network.name, "--ip", address.String(),
		"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--log-driver=json-file",
		"--env", "POD_NAME=" + replica,
		"--env", "HTTP2_READ_IDLE_TIMEOUT_SECONDS=1", "--env", "HTTP2_PING_TIMEOUT_SECONDS=1",
		"--volume", t.kubeconfig + ":/kubeconfig:ro", t.image,
	}
	if _, err := docker(ctx, append(args, flags...)...); err != nil {
		_ = remove(ctx, "rm", "--force", c.name) // it may have been made and not started
		return nil, err
	}
	if err := c.follow(ctx, t.dir, t.ledger.Add); err != nil {
		return nil, errors.Join(err, remove(ctx, "rm", "--force", c.name))
	}
	return c, nil
}

// follow reads journal and log from the engine, which does not need the network
// of the container.
func (c *container) follow(ctx context.Context, dir string, each func(journal.Line)) error {
	said, err := os.Create(filepath.Join(dir, c.replica+".journal"))
	if err != nil {
		return err
	}
	log, err := os.Create(filepath.Join(dir, c.replica+".log"))
	if err != nil {
		return errors.Join(err, said.Close())
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), "docker", "logs", "--follow", c.name)
	cmd.SysProcAttr = apart()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return errors.Join(err, said.Close(), log.Close())
	}
	go func() {
		defer close(c.ended)
		read := journal.Read(io.TeeReader(out, said), each)
		_, _ = io.Copy(said, out) // what is no journal, for people
		c.err = errors.Join(read, cmd.Wait(), said.Close(), log.Close())
	}()
	return nil
}

// disconnect and connect are what they are called in the engine.
func (c *container) disconnect(ctx context.Context, n *network) error {
	_, err := docker(ctx, "network", "disconnect", n.name, c.name)
	return err
}

func (c *container) connect(ctx context.Context, n *network, address netip.Addr) error {
	_, err := docker(ctx, "network", "connect", "--ip", address.String(), n.name, c.name)
	if err == nil {
		c.address = address
	}
	return err
}

// lost says how a container ended that nobody had told to.
func (c *container) lost(ctx context.Context) error {
	state, err := docker(ctx, "inspect", "--format", "{{.State.Status}}, exit code {{.State.ExitCode}} {{.State.Error}}", c.name)
	return fmt.Errorf("%s: its journal ended, and nobody had told it to: %w", c.replica, errors.Join(errors.New(state), err, c.err))
}

// stop sends SIGTERM and wants exit code 0.
func (c *container) stop(ctx context.Context) error {
	c.told.Store(true)
	if _, err := docker(ctx, "stop", "--time", "20", c.name); err != nil {
		return err
	}
	<-c.ended
	code, err := docker(ctx, "inspect", "--format", "{{.State.ExitCode}}", c.name)
	if err == nil && code != "0" {
		err = fmt.Errorf("exit code %s after SIGTERM", code)
	}
	if err = errors.Join(err, c.err); err != nil {
		return fmt.Errorf("%s: %w", c.replica, err)
	}
	return nil
}

// remove removes the container, whatever state it is in.
func (c *container) remove(ctx context.Context) error {
	c.told.Store(true)
	err := remove(ctx, "rm", "--force", "--volumes", c.name)
	if err == nil {
		<-c.ended
	}
	return err
}
