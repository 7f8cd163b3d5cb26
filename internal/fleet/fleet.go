// Package fleet runs replicas of a program as processes, as a Deployment does
// as pods: each gets a name of its own, and one that has gone is replaced.
// What they say in their journals comes together in a Ledger. No replica
// outlives this process, on Linux not even if it is killed.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// Replicas is how many a fleet has: one that leads and two that stand by.
const Replicas = 3

// patience is how long a replica may take to end after SIGTERM.
const patience = 30 * time.Second

// Fleet is replicas of one program. Its methods but Close are for one
// goroutine.
type Fleet struct {
	Ledger Ledger
	// Env is added to the environment of each replica.
	Env []string

	prefix string // of the replicas' names
	path   string // of the program
	log    io.Writer
	args   []string
	next   int        // number of the next replica
	lost   chan error // has one that ended untold

	mu      sync.Mutex // guards the fields below
	running map[string]*Process
	closed  bool
}

// New returns a fleet without replicas. Their standard error goes to log.
func New(prefix, path string, log io.Writer) *Fleet {
	return &Fleet{prefix: prefix, path: path, log: log, lost: make(chan error, 1), running: make(map[string]*Process)}
}

// Watch returns when ctx has ended or a replica has that nobody told to.
func (f *Fleet) Watch(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case err := <-f.lost:
		return err
	}
}

// Start starts one more replica and returns when it stands by or leads.
func (f *Fleet) Start(ctx context.Context) error {
	p, err := f.Launch()
	if err != nil {
		return err
	}
	_, err = f.Ledger.Await(ctx, p.Name+" leads or stands by", func(line journal.Line) bool {
		return line.Replica == p.Name && (line.Kind == journal.Standby || line.Kind == journal.Leads)
	})
	return err
}

// NextName is what the next replica will be called.
func (f *Fleet) NextName() string { return fmt.Sprintf("%s-%d", f.prefix, f.next+1) }

// Launch starts one more replica, and waits for nothing. args, if there are
// any, are for this and all later ones.
func (f *Fleet) Launch(args ...string) (*Process, error) {
	if len(args) > 0 {
		f.args = args
	}
	name := f.NextName()
	f.next++
	cmd := exec.Command(f.path, f.args...)
	cmd.Env = append(append(os.Environ(), f.Env...), "POD_NAME="+name)
	cmd.Stderr = f.log
	return f.launch(name, cmd)
}

// Relaunch starts one that has ended again, under its name and with its
// arguments, as a kubelet does with the container of a pod.
func (f *Fleet) Relaunch(p *Process) (*Process, error) {
	cmd := exec.Command(p.cmd.Path, p.cmd.Args[1:]...)
	cmd.Env, cmd.Stderr = p.cmd.Env, p.cmd.Stderr
	return f.launch(p.Name, cmd)
}

func (f *Fleet) launch(name string, cmd *exec.Cmd) (*Process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, errors.New("the replicas have been ended")
	}
	p, err := start(name, cmd, f.Ledger.Add)
	if err != nil {
		return nil, err
	}
	f.running[name] = p
	go func() {
		if <-p.ended; !p.told.Load() {
			select {
			case f.lost <- fmt.Errorf("%s ended, and nobody had told it to: %w", name, p.result()):
			default: // one is enough
			}
		}
	}()
	return p, nil
}

// StartAll starts as many replicas as a fleet has, with these arguments.
func (f *Fleet) StartAll(ctx context.Context, args ...string) error {
	f.args = args
	for range Replicas {
		if err := f.Start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Successor waits until another replica leads than the one of a former term.
func (f *Fleet) Successor(ctx context.Context, former journal.Line) (journal.Line, error) {
	return f.Ledger.Await(ctx, "another leads than "+former.Replica, func(line journal.Line) bool {
		return line.Kind == journal.Leads && line.At > former.At && line.Replica != former.Replica
	})
}

// Kill kills a replica and waits until it has gone.
func (f *Fleet) Kill(p *Process) error {
	err := p.kill()
	f.stopped(p)
	f.forget(p)
	return err
}

// Pause stops a replica in the middle of whatever it does.
func (f *Fleet) Pause(p *Process) error {
	err := p.pause()
	f.stopped(p)
	return err
}

func (f *Fleet) stopped(p *Process) {
	f.Ledger.Add(journal.Line{At: journal.Now(), Kind: journal.Stopped, Replica: p.Name})
}

// Retire waits for the end of a replica that was terminated, and wants exit
// code 0.
func (f *Fleet) Retire(p *Process) error {
	defer f.forget(p)
	return p.exit(patience)
}

// StopAll terminates all replicas, and wants exit code 0 of each.
func (f *Fleet) StopAll() error {
	var faults []error
	all := f.all()
	for _, p := range all {
		faults = append(faults, p.Terminate())
	}
	for _, p := range all {
		faults = append(faults, f.Retire(p))
	}
	return errors.Join(faults...)
}

// Close leaves nothing behind, whatever state the replicas are in.
func (f *Fleet) Close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	for _, p := range f.all() {
		_ = f.Kill(p)
	}
}

func (f *Fleet) forget(p *Process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, p.Name)
}

func (f *Fleet) all() []*Process {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*Process
	for _, p := range f.running {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b *Process) int { return a.started.Compare(b.started) })
	return all
}
