package leaderelection

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/regent-ha/regent/leaderelection/internal/core"
)

// A state directory proves to a process that those before it are gone.
//
// It rests on one lock of the kernel's, which ends with the process that holds
// it, however that ends, and on nothing that a process writes about itself:
//
//	D1  From before the first request of a campaign until its last work has
//	    returned and the lock was released or given up, the process holds the
//	    kernel's lock. If a work never returns, until the process ends. A child
//	    that was given the descriptor holds it on: that costs time, not safety.
//	D2  Claims are read and written only under that lock.
//	D3  Claims are believed only where they were written: under the same boot
//	    of the same kernel, beside the same file. As long as a process holds the
//	    lock its file is open, so nothing else has its device and inode: who
//	    obtained the lock of that very file has it from nobody alive.
//	D4  A claim is stored before the first write to the election's lock that it
//	    is about is sent, and voided when that is known to be lost. No fsync: a
//	    crash of the machine changes the boot id.
//	D5  What cannot be read, or is not from here, is no claim: the wait for the
//	    lease is the same as without a state directory. What cannot be written
//	    is removed.
//
// The core decides which records claims cover: see its invariants R1 to R5.
type stateDir struct {
	files StateFiles
	path  string
	nonce string        // this process's own
	wait  time.Duration // for another to let go of it
	slow  time.Duration // for a disk
	log   *slog.Logger

	turn  chan struct{} // holds one; guards the fields below
	users int           // Runs
	held  StateLock
	told  []core.Claim // of the present lock, until the core was told; nil: it was

	writes *queue[[]core.Claim]
}

// StateFiles are the operating system's part in a state directory. Methods are
// not called concurrently.
type StateFiles interface {
	// Lock obtains the lock on a directory without waiting. ErrStateDirInUse:
	// somebody else holds it.
	Lock(dir string) (StateLock, error)
}

// StateLock is a locked state directory.
type StateLock interface {
	// Place is where it is.
	Place() StatePlace
	// Read returns what was written last, by whomever; nil if nothing was.
	Read() ([]byte, error)
	// Write replaces it in one step.
	Write([]byte) error
	// Remove removes it.
	Remove() error
	// Close gives the lock up.
	Close() error
}

// newStateDir returns nil, which needs nothing, if none is configured.
func newStateDir(cfg Config, nonce string, log *slog.Logger) *stateDir {
	if cfg.StateDir == "" {
		return nil
	}
	d := &stateDir{
		files: cfg.StateFiles, path: cfg.StateDir, nonce: nonce, wait: cfg.LeaseDuration, slow: cfg.RetryPeriod,
		log: log.With("directory", cfg.StateDir), turn: make(chan struct{}, 1),
	}
	if d.files == nil {
		d.files = systemFiles{}
	}
	d.writes = &queue[[]core.Claim]{deliver: d.write}
	return d
}

// enter obtains the directory for a Run, or shares it with others.
func (d *stateDir) enter(ctx context.Context) error {
	if d == nil {
		return nil
	}
	patience := time.NewTimer(d.wait)
	defer patience.Stop()
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.users == 0 {
		if err := d.obtain(ctx, patience.C); err != nil {
			return err
		}
	}
	d.users++
	return nil
}

// The times between attempts to obtain a directory.
const (
	firstAttempt = 10 * time.Millisecond
	lastAttempt  = 250 * time.Millisecond
)

func (d *stateDir) obtain(ctx context.Context, patience <-chan time.Time) error {
	for pause := firstAttempt; ; pause = min(2*pause, lastAttempt) {
		l, err := d.files.Lock(d.path)
		if err == nil {
			d.held = l
			d.told = d.load(l)
			return nil
		}
		if !errors.Is(err, ErrStateDirInUse) {
			return fmt.Errorf("leaderelection: StateDir %s: %w", d.path, err)
		}
		if pause == firstAttempt {
			d.log.Warn("another process holds the state directory: waiting for its end", "at_most", d.wait)
		}
		select {
		case <-time.After(pause):
		case <-patience:
			return fmt.Errorf("%w: %s, for %v; mend: give each process that runs at the same time, and each Elector, a directory of its own", ErrStateDirInUse, d.path, d.wait)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// load returns the claims that are believed.
func (d *stateDir) load(l StateLock) []core.Claim {
	believed := make([]core.Claim, 0, mostClaims)
	data, err := l.Read()
	var claims []core.Claim
	if err == nil && data != nil {
		claims, err = decodeClaims(data, l.Place())
	}
	switch {
	case err != nil:
		d.log.Info("what the state directory says of an earlier process is not believed: its lease is waited for", "reason", err)
		return believed
	case data == nil:
		d.log.Info("the state directory is new: nothing is known of an earlier process")
		return believed
	}
	for _, k := range claims[max(0, len(claims)-mostClaims+1):] { // and this process's own
		if k.Nonce != d.nonce {
			believed = append(believed, k)
		}
	}
	if len(believed) > 0 {
		d.log.Info("the process before this one is gone: what it holds may be taken at once", "predecessor", believed[len(believed)-1].Identity)
	}
	return believed
}

// gone returns what the core has to be told when a campaign begins; nil:
// nothing new.
func (d *stateDir) gone() []core.Claim {
	if d == nil {
		return nil
	}
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	told := d.told
	d.told = nil
	return told
}

// keep stores claims in place of those before, in its own time.
func (d *stateDir) keep(claims []core.Claim) {
	if d != nil {
		d.writes.push(claims)
	}
}

// kept returns a function that waits until what keep was told so far is
// stored, or ctx ends. A disk that takes too long is not waited for: then the
// next process has to wait for the lease.
func (d *stateDir) kept() func(context.Context) {
	if d == nil {
		return func(context.Context) {}
	}
	stored := d.writes.idle()
	return func(ctx context.Context) {
		select {
		case <-stored:
			return
		default:
		}
		select {
		case <-stored:
		case <-ctx.Done():
		case <-time.After(d.slow):
			d.log.Warn("the state directory's disk is slow: if this process ends now, the next one waits for its lease", "for", d.slow)
		}
	}
}

// write is called by the queue, in order, while the lock is held.
func (d *stateDir) write(claims []core.Claim) {
	data, err := encodeClaims(d.held.Place(), claims)
	if err == nil {
		err = d.held.Write(data)
	}
	if err == nil {
		return
	}
	err = errors.Join(err, d.held.Remove()) // what is there may be void
	d.log.Warn("the state directory cannot be written: the next process will wait for this one's lease", "error", err)
}

// leave ends a Run's use, and the last one's gives the directory up, once what
// was to be stored is. It does not wait for a disk for long.
func (d *stateDir) leave() {
	if d == nil {
		return
	}
	d.turn <- struct{}{}
	if d.users--; d.users > 0 {
		<-d.turn
		return
	}
	stored, closed := d.writes.idle(), make(chan struct{})
	go func() {
		defer close(closed)
		defer func() { <-d.turn }()
		<-stored
		if err := d.held.Close(); err != nil {
			d.log.Warn("the state directory could not be given up", "error", err)
		}
	}()
	select {
	case <-closed:
	case <-time.After(d.slow):
		d.log.Error("the state directory's disk does not answer: it is given up when it does", "for", d.slow)
	}
}
