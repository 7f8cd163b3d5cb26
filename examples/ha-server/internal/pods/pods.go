package pods

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/internal/fleet"
)

// Config describes Pods.
type Config struct {
	// Program is the example, built.
	Program string
	// Flags are those of all replicas, beside the addresses and -state-dir.
	Flags []string
	// Env is added to their environment.
	Env []string
	// Client is an administrator's, for the Pods of one namespace.
	Client corev1client.PodInterface
	// Dir is where each pod gets a directory for -state-dir. "" = none.
	Dir string
	// Log gets the logs of all replicas.
	Log io.Writer
}

// Pods are replicas of the example. All methods but Keep, IsReady and
// All are for one goroutine.
type Pods struct {
	*fleet.Fleet

	cfg        Config
	api, pages string // ports: the same at each address, as in pods

	started int

	mu  sync.Mutex // guards the fields below, and those of each Pod that change
	all []*Pod
}

// Pod is one replica.
type Pod struct {
	Name, IP string
	// API and Pages are the addresses of -api and -listen.
	API, Pages string
	// Process is the present one.
	Process *fleet.Process

	restarts int
	status   int // of the last probe
	ready    bool
}

// New returns Pods of which there are none yet.
func New(cfg Config) (*Pods, error) {
	p := &Pods{Fleet: fleet.New("ha-server", cfg.Program, cfg.Log), cfg: cfg}
	p.Env = cfg.Env
	for _, port := range []*string{&p.api, &p.pages} {
		listener, err := net.Listen("tcp", ":0") // free at all addresses
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		_, *port, err = net.SplitHostPort(listener.Addr().String())
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
	}
	return p, nil
}

// All are those that have not been deleted, in the order of their start.
func (p *Pods) All() []*Pod {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// Start starts one more and waits until it is ready. Keep has to run.
func (p *Pods) Start(ctx context.Context) (*Pod, error) {
	pod, err := p.Launch(ctx)
	if err != nil {
		return nil, err
	}
	return pod, p.Ready(ctx, pod)
}

// Launch starts one more, and waits for nothing.
func (p *Pods) Launch(ctx context.Context) (*Pod, error) {
	p.started++
	ip := fmt.Sprintf("127.0.0.%d", 1+p.started)
	pod := &Pod{Name: p.NextName(), IP: ip, API: net.JoinHostPort(ip, p.api), Pages: net.JoinHostPort(ip, p.pages)}
	flags := append([]string{"-api=" + pod.API, "-listen=" + pod.Pages}, p.cfg.Flags...)
	if p.cfg.Dir != "" {
		dir := filepath.Join(p.cfg.Dir, pod.Name)
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
		flags = append(flags, "-state-dir="+dir)
	}
	if err := p.create(ctx, pod); err != nil {
		return nil, err
	}
	process, err := p.Fleet.Launch(flags...)
	if err != nil {
		return nil, err
	}
	pod.Process = process
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, pod)
	return pod, nil
}

// Restart starts the container of a pod again that has crashed.
func (p *Pods) Restart(ctx context.Context, pod *Pod) error {
	process, err := p.Relaunch(pod.Process)
	if err != nil {
		return err
	}
	p.mu.Lock()
	pod.Process, pod.restarts, pod.status, pod.ready = process, pod.restarts+1, 0, false
	p.mu.Unlock()
	return p.report(ctx, pod)
}

// Delete deletes the Pod of a replica that has ended.
func (p *Pods) Delete(ctx context.Context, pod *Pod) error {
	p.mu.Lock()
	p.all = slices.DeleteFunc(p.all, func(other *Pod) bool { return other == pod })
	p.mu.Unlock()
	return p.cfg.Client.Delete(ctx, pod.Name, metav1.DeleteOptions{GracePeriodSeconds: new(int64)})
}

// Ready waits until a pod is.
func (p *Pods) Ready(ctx context.Context, pod *Pod) error {
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s is not ready after %v", pod.Name, patience))
	defer cancel()
	for !p.IsReady(pod) {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(probePeriod):
		}
	}
	return nil
}

// IsReady says what the last probe did.
func (p *Pods) IsReady(pod *Pod) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return pod.ready
}
