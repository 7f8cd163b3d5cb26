package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/clients"
	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/narrator"
)

const (
	example   = "github.com/regent-ha/regent/examples/ha-server"
	namespace = "ha-server"
	lockName  = "ha-server"                          // by default
	roleLabel = "ha-server.regent-ha.github.io/role" // of -leader-label
)

// demo is what all scenes need.
type demo struct {
	options
	*narrator.Narrator
	dir      string // of logs, state directories and what is built
	client   kubernetes.Interface
	pods     *pods.Pods
	observer *observer
	rotation *clients.Rotation
	load     *clients.Load
	sum      clients.Tally // of all requests
	figures  []figure
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
	d := &demo{options: o, Narrator: out, dir: dir, rotation: clients.NewRotation()}
	if err := d.build(ctx); err != nil {
		return err
	}
	out.Say("starting a real etcd and kube-apiserver (the first time they are downloaded or built)")
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: out})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()
	log, err := d.log()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	if err := d.prepare(ctx, plane, log); err != nil {
		return err
	}
	defer d.pods.Close()
	if err := d.play(ctx); err != nil {
		return err
	}
	return d.conclude(ctx)
}

func (d *demo) build(ctx context.Context) error {
	if d.replica != "" {
		return nil
	}
	d.replica = filepath.Join(d.dir, "ha-server")
	d.Begin("building the example: go build ./examples/ha-server")
	build := exec.CommandContext(ctx, "go", "build", "-o", d.replica, example)
	build.Stdout, build.Stderr = d.Narrator, d.Narrator
	if err := build.Run(); err != nil {
		return fmt.Errorf("go build: %w; mend: see that go is in $PATH, and run the demo in the repository", err)
	}
	return nil
}

// log is where the replicas write to.
func (d *demo) log() (io.WriteCloser, error) {
	dir := cmp.Or(d.logs, d.dir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("-logs=%s: %w; mend: name a directory that can be written to", dir, err)
	}
	return os.Create(filepath.Join(dir, "replicas.log"))
}

func (d *demo) prepare(ctx context.Context, plane *controlplane.ControlPlane, log io.Writer) error {
	kubeconfig := filepath.Join(d.dir, "kubeconfig")
	client, err := kubernetes.NewForConfig(plane.Config())
	if err != nil {
		return err
	}
	d.client = client
	text, err := account(ctx, plane, client)
	if err != nil {
		return err
	}
	if err := os.WriteFile(kubeconfig, text, 0o600); err != nil {
		return err
	}
	d.Say("made the service account and the role of the example's manifests; the replicas have no other rights")
	state := filepath.Join(d.dir, "pods")
	if err := os.Mkdir(state, 0o700); err != nil {
		return err
	}
	d.pods, err = pods.New(pods.Config{
		Program: d.replica, Client: client.CoreV1().Pods(namespace), Dir: state, Log: log,
		Flags: append(timingFlags(), "-kubeconfig="+kubeconfig, "-namespace="+namespace, "-lock="+lockName,
			"-shutdown-delay="+shutdownDelay.String(), "-drain-timeout=5s", "-leader-label", "-pod-selector="+pods.Labels),
	})
	if err != nil {
		return err
	}
	d.load = clients.NewLoad(d.rotation)
	d.observer, err = newObserver(ctx, client, &d.pods.Ledger)
	return err
}

// play plays the scenes. What runs beside them ends them when it fails, and
// ends with them.
func (d *demo) play(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	beside, stop := context.WithCancel(ctx)
	defer stop()
	group.Go(func() error { return d.observer.run(beside) })
	group.Go(func() error { return d.pods.Watch(beside) })
	group.Go(func() error { return d.pods.Keep(beside, d.rotation.Answered) })
	group.Go(func() error {
		defer stop()
		return d.scenes(ctx)
	})
	return group.Wait()
}
