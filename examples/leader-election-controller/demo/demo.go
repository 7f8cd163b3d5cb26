package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"
)

// options say how long the demo is.
type options struct{ rounds, kills int }

// errVerdict: something is wrong with what happened, and printed already.
var errVerdict = errors.New("see above")

const example = "github.com/regent-ha/regent/examples/leader-election-controller"

// demo is what all scenes need.
type demo struct {
	options
	*output
	cluster *cluster
	fleet   *fleet
	peer    *peer
	audit   *audit
	writer  *writer
	figures figures
}

func run(ctx context.Context, out *output, o options) error {
	dir, err := os.MkdirTemp("", "regent-demo-")
	if err != nil {
		return err
	}
	d := &demo{options: o, output: out}
	err = d.run(ctx, dir)
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	return fmt.Errorf("%w; the logs of the replicas are in %s", err, dir)
}

func (d *demo) run(ctx context.Context, dir string) (err error) {
	d.title("Preparing")
	if d.cluster, err = startCluster(ctx, d.output, dir); err != nil {
		return err
	}
	defer func() {
		d.say("stopping etcd and kube-apiserver")
		err = errors.Join(err, d.cluster.plane.Stop())
	}()
	if err := d.prepare(ctx, dir); err != nil {
		return err
	}
	defer d.fleet.killAll()

	// What runs beside the scenes ends them when it fails, and ends with them.
	group, groupCtx := errgroup.WithContext(ctx)
	beside, stop := context.WithCancel(groupCtx)
	defer stop()
	group.Go(func() error { return d.audit.run(beside) })
	group.Go(func() error {
		defer stop()
		return d.scenes(groupCtx, group)
	})
	if err := group.Wait(); err != nil {
		return err
	}
	return d.conclude()
}

func (d *demo) prepare(ctx context.Context, dir string) error {
	d.say("building the example and three replicas of it: go build %s", strings.TrimPrefix(example, "github.com/regent-ha/regent/"))
	binary := filepath.Join(dir, "leader-election-controller")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, example)
	build.Stdout, build.Stderr = d.output, d.output
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w", err)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if d.fleet, err = newFleet("replica", binary, dir); err != nil {
		return err
	}
	beside, err := newFleet(clientGo, self, dir)
	if err != nil {
		return err
	}
	d.peer = &peer{fleet: beside, out: d.output}
	client, err := kubernetes.NewForConfig(d.cluster.plane.Config())
	if err != nil {
		return err
	}
	pods := client.CoreV1().Pods(d.cluster.namespace)
	if d.audit, err = newAudit(ctx, pods); err != nil {
		return err
	}
	d.writer = &writer{pods: pods, audit: d.audit}
	return nil
}

func newFleet(prefix, path, dir string) (*fleet, error) {
	log, err := os.Create(filepath.Join(dir, prefix+".log"))
	if err != nil {
		return nil, err
	}
	return &fleet{prefix: prefix, path: path, log: log, running: make(map[string]*process, replicas)}, nil
}

// timings are those of a lock.
type timings struct{ lease, renew, retry time.Duration }

func (t timings) flags() []string {
	return []string{"-lease-duration=" + t.lease.String(), "-renew-deadline=" + t.renew.String(), "-retry-period=" + t.retry.String()}
}

func (t timings) String() string {
	return fmt.Sprintf("lease %v, renew deadline %v, retry period %v", t.lease, t.renew, t.retry)
}
