package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/journal"
)

// replicas is how many each fleet has: one that leads and two that stand by.
const replicas = 3

// fleet runs replicas of one program, as a Deployment does: each gets a name
// of its own, and one that has gone is replaced.
type fleet struct {
	ledger ledger
	prefix string // of the replicas' names
	path   string // of the program
	log    *os.File

	mu      sync.Mutex // guards the fields below
	args    []string
	next    int // number of the next replica
	running map[string]*process
}

// start starts one more replica and returns when it stands by or leads.
func (f *fleet) start(ctx context.Context) error {
	p, err := f.launch()
	if err != nil {
		return err
	}
	started := func(line journal.Line) bool {
		return line.Replica == p.name && (line.Kind == journal.Standby || line.Kind == journal.Leads)
	}
	_, err = f.ledger.await(ctx, p.name+" stands by", started)
	if err != nil && !p.running() {
		err = errors.Join(err, p.err)
	}
	return err
}

func (f *fleet) launch() (*process, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	name := fmt.Sprintf("%s-%d", f.prefix, f.next)
	cmd := exec.Command(f.path, f.args...)
	cmd.Env = append(os.Environ(), "POD_NAME="+name)
	cmd.Stderr = f.log
	p, err := startProcess(name, cmd, f.ledger.add)
	if err != nil {
		return nil, err
	}
	if f.running == nil {
		f.running = make(map[string]*process, replicas)
	}
	f.running[name] = p
	return p, nil
}

// startAll starts as many replicas as a fleet has, with these arguments.
func (f *fleet) startAll(ctx context.Context, args ...string) error {
	f.args = args
	for range replicas {
		if err := f.start(ctx); err != nil {
			return err
		}
	}
	return nil
}

// leader is who was elected last.
func (f *fleet) leader() (*process, journal.Line, error) {
	line, ok := f.ledger.find(func(line journal.Line) bool { return line.Kind == journal.Leads })
	if !ok {
		return nil, line, errors.New("nobody has been elected")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p := f.running[line.Replica]
	if p == nil || !p.running() {
		return nil, line, fmt.Errorf("%s, which leads, has ended", line.Replica)
	}
	return p, line, nil
}

// successor waits until another replica leads than the one of a former term.
func (f *fleet) successor(ctx context.Context, former journal.Line) (journal.Line, error) {
	return f.ledger.await(ctx, "another leads than "+former.Replica, func(line journal.Line) bool {
		return line.Kind == journal.Leads && line.At > former.At && line.Replica != former.Replica
	})
}

func (f *fleet) forget(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.running, p.name)
}

// retire waits for the end of a replica that was told to.
func (f *fleet) retire(p *process) error {
	defer f.forget(p)
	return p.exit(patience)
}

// stopAll ends all replicas by SIGTERM, and wants exit code 0 of each.
func (f *fleet) stopAll() error {
	var faults []error
	for _, p := range f.processes() {
		faults = append(faults, p.terminate())
	}
	for _, p := range f.processes() {
		faults = append(faults, f.retire(p))
	}
	return errors.Join(faults...)
}

// killAll leaves nothing behind, whatever state the replicas are in.
func (f *fleet) killAll() {
	for _, p := range f.processes() {
		_ = p.kill()
		f.forget(p)
	}
}

func (f *fleet) processes() []*process {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []*process
	for _, p := range f.running {
		all = append(all, p)
	}
	return all
}
