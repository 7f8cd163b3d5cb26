package dockerchaos

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/journal"
)

// Config says what to run.
type Config struct {
	// Replicas has the size of each trial; they run at the same time. Each at
	// least 2.
	Replicas []int
	// Rounds is how many each trial has. Not negative.
	Rounds int
	// Seed is what the rounds are drawn from.
	Seed uint64
	// Timings are those of the lock.
	Timings Timings
	// Dir is where journals and logs are kept. It is made if need be.
	Dir string
	// Program is run as the replicas: static, and with the flags of the example.
	// "" = the example is built.
	Program string
	// Out is told what happens, in lines.
	Out io.Writer
}

func (c Config) validate() error {
	var faults []error
	if len(c.Replicas) == 0 {
		faults = append(faults, errors.New("no number of replicas; mend: at least one, as in 2,3"))
	}
	for _, n := range c.Replicas {
		if n < 2 || n > 9 {
			faults = append(faults, fmt.Errorf("%d replicas; mend: 2 to 9", n))
		}
	}
	if c.Rounds < 0 {
		faults = append(faults, fmt.Errorf("%d rounds; mend: 0 or more", c.Rounds))
	}
	return errors.Join(faults...)
}

// Run plays all trials and removes whatever it made in the engine, also when it
// fails. The error says why something could not be played to its end; what was
// wrong until then is in the reports.
func Run(ctx context.Context, c Config) (reports []Report, err error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	out := &lines{w: c.Out, start: journal.Now()}
	image := "regent-dockerchaos:" + strings.ToLower(rand.Text()[:8])
	out.say("building the example, static, and an image from scratch")
	if err := c.image(ctx, image); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, remove(ctx, "rmi", "--force", image)) }()
	out.say("starting etcd and kube-apiserver")
	plane, err := controlplane.Start(ctx, controlplane.Config{Progress: out})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, plane.Stop()) }()

	var group errgroup.Group
	reports = make([]Report, len(c.Replicas))
	for i, n := range c.Replicas {
		t := c.trial(image, n, out)
		group.Go(func() error {
			rounds := plan(c.Seed, c.Rounds, t.replicas, c.Timings)
			err := t.run(ctx, plane, rounds)
			h := t.history()
			reports[i] = Report{
				Name: fmt.Sprintf("%d replicas", n), Network: t.name, Rounds: len(rounds),
				History: h, Findings: append(h.Judge(), t.findings...),
			}
			if err != nil {
				err = fmt.Errorf("%d replicas: %w", n, err)
			}
			return errors.Join(err, h.save(filepath.Join(t.dir, "history.json")))
		})
	}
	return reports, group.Wait()
}

func (c Config) image(ctx context.Context, tag string) (err error) {
	dir, err := os.MkdirTemp("", "regent-dockerchaos-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	return buildImage(ctx, tag, dir, c.Program)
}

func (c Config) trial(image string, n int, out *lines) *trial {
	_, id, _ := strings.Cut(image, ":")
	t := &trial{
		name: fmt.Sprintf("regent-dockerchaos-%s-%d", id, n), image: image, timings: c.Timings,
		dir: filepath.Join(c.Dir, fmt.Sprintf("%d-replicas", n)),
		say: func(format string, args ...any) { out.say("%d replicas  %s", n, fmt.Sprintf(format, args...)) },
	}
	for i := range n {
		t.replicas = append(t.replicas, fmt.Sprintf("ctrl%d", i+1))
	}
	return t
}

// lines writes whole lines that begin with the time since the start.
type lines struct {
	start time.Duration

	mu sync.Mutex // guards the field below
	w  io.Writer
}

func (l *lines) say(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = fmt.Fprintf(l.w, "%7.1f s  %s\n", (journal.Now() - l.start).Seconds(), fmt.Sprintf(format, args...))
}

// Write takes the lines of others.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
