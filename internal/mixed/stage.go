package mixed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"time"

	"k8s.io/client-go/rest"

	"github.com/regent-ha/regent/internal/controlplane"
	"github.com/regent-ha/regent/internal/fleet"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/internal/mixed/replica"
)

// patience is how long anything may take on a machine that is busy.
const patience = time.Minute

// Config describes a Stage.
type Config struct {
	// Server is how an administrator reaches the API server, by its address.
	Server *rest.Config
	// Namespace is where the lock is, and for nothing else.
	Namespace string
	// Lease, Renew and Retry are the timings of all electors.
	Lease, Renew, Retry time.Duration
	// Drain is how long the work of a Regent takes to return. Others' work
	// returns at once, because client-go does not wait for it.
	Drain time.Duration
	// Programs are those of kinds that are modules of their own: see [Build].
	Programs map[Kind]string
	// Dir is for files of the stage's own.
	Dir string
	// Log receives what replicas log.
	Log io.Writer
}

// Stage is where replicas of several kinds compete for one lock. Its methods
// are for one goroutine.
type Stage struct {
	cfg    Config
	fleets map[Kind]*fleet.Fleet
	team   []*Replica
}

// Replica is one process.
type Replica struct {
	*fleet.Process
	Kind Kind
	Link *Link
}

// LockName is the lock's, on each stage.
const LockName = "lock"

// NewStage returns a stage without replicas.
func NewStage(cfg Config) *Stage { return &Stage{cfg: cfg, fleets: make(map[Kind]*fleet.Fleet)} }

// Namespace is where the lock is.
func (s *Stage) Namespace() string { return s.cfg.Namespace }

// Close ends all replicas.
func (s *Stage) Close() {
	for _, f := range s.fleets {
		f.Close()
	}
	for _, r := range s.team {
		r.Link.Close()
	}
}

// Lines are all journals so far.
func (s *Stage) Lines() (lines []journal.Line) {
	for _, f := range s.fleets {
		lines = append(lines, f.Ledger.All()...)
	}
	return lines
}

// Start starts one replica more, and returns when it stands by or leads. args
// are added to its command line.
func (s *Stage) Start(ctx context.Context, kind Kind, args ...string) (*Replica, error) {
	f, err := s.fleet(kind)
	if err != nil {
		return nil, err
	}
	server, err := url.Parse(s.cfg.Server.Host)
	if err != nil {
		return nil, err
	}
	link, err := NewLink(server.Host)
	if err != nil {
		return nil, err
	}
	kubeconfig, err := s.kubeconfig(link)
	if err != nil {
		return nil, err
	}
	p, err := f.Launch(append(s.args(kind, kubeconfig), args...)...)
	if err != nil {
		link.Close()
		return nil, err
	}
	r := &Replica{p, kind, link}
	s.team = append(s.team, r)
	_, err = s.Await(ctx, p.Name+" leads or stands by", func(line journal.Line) bool {
		return line.Replica == p.Name && (line.Kind == journal.Standby || line.Kind == journal.Leads)
	})
	return r, err
}

func (s *Stage) fleet(kind Kind) (*fleet.Fleet, error) {
	if f := s.fleets[kind]; f != nil {
		return f, nil
	}
	path := s.cfg.Programs[kind]
	if path == "" {
		if kind.module() != "" {
			return nil, fmt.Errorf("no program for %s; mend: set Programs to what Build returns", kind)
		}
		self, err := os.Executable()
		if err != nil {
			return nil, err
		}
		path = self
	}
	f := fleet.New(string(kind), path, s.cfg.Log)
	s.fleets[kind] = f
	return f, nil
}

func (s *Stage) kubeconfig(link *Link) (path string, err error) {
	cfg := rest.CopyConfig(s.cfg.Server)
	cfg.Host = "https://" + link.Addr()
	data, err := controlplane.Kubeconfig(cfg)
	if err != nil {
		return "", err
	}
	file, err := os.CreateTemp(s.cfg.Dir, "kubeconfig-")
	if err != nil {
		return "", err
	}
	_, err = file.Write(data)
	return file.Name(), errors.Join(err, file.Close())
}

func (s *Stage) args(kind Kind, kubeconfig string) []string {
	args := []string{
		"-kubeconfig=" + kubeconfig, "-namespace=" + s.cfg.Namespace, "-name=" + LockName,
		"-lease-duration=" + s.cfg.Lease.String(), "-renew-deadline=" + s.cfg.Renew.String(), "-retry-period=" + s.cfg.Retry.String(),
	}
	if kind.module() != "" {
		return args
	}
	if kind.Stays() {
		args = append(args, "-drain="+s.cfg.Drain.String())
	}
	return slices.Concat([]string{replica.Command}, kind.elector(), args)
}

// Await returns the first line of any replica that matches, also one that is
// there already.
func (s *Stage) Await(ctx context.Context, what string, match func(journal.Line) bool) (journal.Line, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("waited %v in vain until %s", patience, what))
	defer cancel()
	type result struct {
		line journal.Line
		err  error
	}
	results := make(chan result, len(s.fleets))
	for _, f := range s.fleets {
		go func() {
			for {
				line, err := f.Ledger.Await(ctx, what, match)
				if err == nil || ctx.Err() != nil {
					results <- result{line, err}
					return
				}
			}
		}()
	}
	var faults []error
	for range s.fleets {
		r := <-results
		if r.err == nil {
			return r.line, nil
		}
		faults = append(faults, r.err)
	}
	return journal.Line{}, errors.Join(faults[:min(1, len(faults))]...)
}
