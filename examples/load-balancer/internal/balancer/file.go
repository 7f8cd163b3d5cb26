package balancer

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/regent-ha/regent/dataplane/probe"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
)

const (
	// pollInterval is how often the file is read. Its content is compared, and not
	// its times: that works for a ConfigMap's links, an editor that renames, and
	// file systems that tell nobody of changes.
	pollInterval = 500 * time.Millisecond
	// longestWait is how long a file that was taken waits for the first verdicts
	// on new endpoints, whatever their intervals.
	longestWait = 10 * time.Second
)

// fileState is what is known of the file.
type fileState struct {
	judged [sha256.Size]byte // what was last taken or refused
	seen   [sha256.Size]byte // what was last read
	loaded time.Time         // when it was last taken
	fault  error             // why the last one was refused
	since  time.Time
}

// Reload reads the file at once, and the files that it names.
func (b *Balancer) Reload() {
	select {
	case b.reread <- struct{}{}:
	default:
	}
}

// follow reads the file again and again until ctx ends.
func (b *Balancer) follow(ctx context.Context) error {
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			b.read(false)
		case <-b.reread:
			b.logger.Info("reading the file, as it was asked for", "file", b.cfg.File)
			b.read(true)
		}
	}
}

// read judges the file if it has changed. As whoever writes it may not be
// finished, it has to be the same twice, unless somebody says that it is
// complete.
func (b *Balancer) read(complete bool) {
	content, err := config.Read(b.cfg.File)
	sum := sha256.Sum256(content)
	if err != nil {
		sum = sha256.Sum256([]byte("error: " + err.Error()))
	}
	b.mu.Lock()
	again := sum == b.file.seen
	b.file.seen = sum
	ignore := !complete && (sum == b.file.judged || !again)
	if !ignore {
		b.file.judged = sum
	}
	b.mu.Unlock()
	if ignore {
		return
	}
	var cfg *config.Config
	if err == nil {
		cfg, err = b.cfg.Parse(b.cfg.File, content)
	}
	if err == nil {
		err = cfg.Unchanged(b.cfg.First.Static)
	}
	if err == nil {
		err = b.take(cfg)
	}
	if err != nil {
		b.refuse(err)
		return
	}
	b.logger.Info("the file was taken", "file", b.cfg.File, "services", len(cfg.DataPlane.Services), "probed", len(cfg.Targets))
	b.kick()
}

// refuse notes why the file is not used.
func (b *Balancer) refuse(err error) {
	b.mu.Lock()
	if b.file.fault == nil {
		b.file.since = time.Now()
	}
	b.file.fault = err
	b.mu.Unlock()
	b.logger.Error("the file is refused: nothing is changed", "file", b.cfg.File)
	for fault := range strings.SplitSeq(err.Error(), "\n") {
		b.logger.Error("the file is refused", "fault", fault)
	}
}

// take makes cfg the next to be applied. What it no longer names is probed until
// that is.
func (b *Balancer) take(cfg *config.Config) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	wait := time.Duration(0)
	missing, probed := make(map[target]struct{}), make(map[target]struct{})
	for _, t := range cfg.Targets {
		k := target{t.Group, t.Endpoint}
		probed[k] = struct{}{}
		if _, known := b.known[k]; !known {
			missing[k] = struct{}{}
			wait = max(wait, t.Notice())
		}
	}
	both := slices.Clone(cfg.Targets)
	if b.current != nil {
		both = append(both, slices.DeleteFunc(slices.Clone(b.current.Targets), func(t probe.Target) bool {
			_, again := probed[target{t.Group, t.Endpoint}]
			return again
		})...)
	}
	if err := b.prober.Set(both); err != nil {
		return err
	}
	b.forget(both)
	now := time.Now()
	b.next, b.nextBy, b.missing = cfg, now.Add(min(wait, longestWait)), missing
	b.file.loaded, b.file.fault = now, nil
	return nil
}

// takeOver makes the next the current one. b.mu is held.
func (b *Balancer) takeOver() {
	if err := b.prober.Set(b.next.Targets); err != nil {
		b.logger.Error("the probes go on as before", "error", err)
	}
	if len(b.missing) > 0 {
		b.logger.Warn("there is no verdict yet on all endpoints: those get no connections until there is", "endpoints", len(b.missing))
	}
	b.current, b.next, b.missing = b.next, nil, nil
	b.forget(b.current.Targets)
	b.reviewDrains()
}

// forget keeps the verdicts on the targets only: the prober forgets the others.
// b.mu is held.
func (b *Balancer) forget(targets []probe.Target) {
	known := make(map[target]struct{}, len(targets))
	for _, t := range targets {
		k := target{t.Group, t.Endpoint}
		if _, ok := b.known[k]; ok {
			known[k] = struct{}{}
		}
	}
	b.known = known
}
