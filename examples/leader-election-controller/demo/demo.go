package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/audit"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/narrator"
)

const example = "github.com/regent-ha/regent/examples/leader-election-controller"

// demo is what all scenes need.
type demo struct {
	options
	*narrator.Narrator
	dir     string // of the logs of the replicas
	cluster *cluster
	fleet   *fleet.Fleet // of the example
	peer    *peer
	watch   *audit.Watch
	writer  *audit.Writer
	figures figures
}

// run prepares, plays the scenes, and concludes. It leaves nothing behind.
func run(ctx context.Context, out *narrator.Narrator, o options) (err error) {
	defer out.Talk()()
	out.Title("Preparing")
	dir, err := os.MkdirTemp("", "regent-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{options: o, Narrator: out, dir: cmp.Or(o.logs, dir)}
	if err := os.MkdirAll(d.dir, 0o755); err != nil {
		return fmt.Errorf("-logs=%s: %w; mend: name a directory that can be written to", d.dir, err)
	}
	if d.cluster, err = startCluster(ctx, out, dir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.cluster.plane.Stop()) }()
	if err := d.prepare(ctx, dir); err != nil {
		return err
	}
	defer d.fleet.Close()
	defer d.peer.fleet.Close()
	err = d.play(ctx)
	if ctx.Err() != nil {
		return err
	}
	d.fleet.Close()
	return d.conclude(err)
}

func (d *demo) prepare(ctx context.Context, dir string) error {
	if d.replica == "" {
		d.replica = filepath.Join(dir, "leader-election-controller")
		d.Begin("building the example: go build ./examples/leader-election-controller")
		build := exec.CommandContext(ctx, "go", "build", "-o", d.replica, example)
		build.Stdout, build.Stderr = d.Narrator, d.Narrator
		if err := build.Run(); err != nil {
			return fmt.Errorf("go build: %w; mend: see that go is in $PATH, and run the demo in the repository", err)
		}
	}
	var err error
	if d.fleet, err = newFleet("replica", d.replica, d.dir); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	beside, err := newFleet(clientGo, self, d.dir)
	if err != nil {
		return err
	}
	d.peer = &peer{fleet: beside, out: d.Narrator}
	client, err := kubernetes.NewForConfig(d.cluster.plane.Config())
	if err != nil {
		return err
	}
	pods := client.CoreV1().Pods(d.cluster.namespace)
	if d.watch, err = audit.NewWatch(ctx, pods); err != nil {
		return err
	}
	d.writer = audit.NewWriter(pods, d.watch)
	return nil
}

func newFleet(prefix, program, logs string) (*fleet.Fleet, error) {
	log, err := os.Create(filepath.Join(logs, prefix+".log"))
	if err != nil {
		return nil, fmt.Errorf("-logs: %w", err)
	}
	return fleet.New(prefix, program, log), nil
}

// play plays the scenes. What runs beside them ends them when it fails, and
// ends with them.
func (d *demo) play(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	beside, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() error { return d.watch.Run(beside) })
	group.Go(func() error { return d.fleet.Watch(beside) })
	group.Go(func() error { return d.peer.fleet.Watch(beside) })
	group.Go(func() error {
		defer stop()
		return d.scenes(ctx, group)
	})
	return group.Wait()
}
