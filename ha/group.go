package ha

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// Group runs the components of a process. Make it with New. All methods are
// safe for concurrent use.
type Group struct {
	cfg     Config
	logger  *slog.Logger
	host    string
	running atomic.Bool
	current atomic.Pointer[run] // the present or the last Run
	history *History
	keeps   bool // nobody else fills history
}

// New returns the Group that cfg describes, or all that is wrong with cfg. It
// starts nothing.
func New(cfg Config) (*Group, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.Name = cmp.Or(cfg.Name, DefaultName)
	cfg.DrainTimeout = cmp.Or(cfg.DrainTimeout, DefaultDrainTimeout)
	cfg.Always, cfg.Leader = slices.Clone(cfg.Always), slices.Clone(cfg.Leader)
	if cfg.Runner == nil {
		cfg.Runner = leaderelection.Plain{}
	}
	if cfg.Signals == nil {
		cfg.Signals = []os.Signal{syscall.SIGTERM, os.Interrupt}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	g := &Group{cfg: cfg, logger: cfg.Logger.With("group", cfg.Name), history: cfg.History}
	if _, plain := cfg.Runner.(leaderelection.Plain); g.history == nil || plain {
		g.keeps = true
		g.history = cmp.Or(g.history, &History{})
	}
	g.host = cmp.Or(os.Getenv("POD_NAME"), hostName())
	g.current.Store(newRun(g))
	return g, nil
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// Run starts the components and returns when all have returned: after ctx has
// ended or a signal has come, nil if all of them ended well. It ends earlier,
// in the same order and with an error, if
//
//   - Config.Listen cannot be listened on: nothing was started;
//   - a component returns early, fails or panics: a *ComponentError;
//   - the Runner gives up, as an Elector with ExitOnLoss does after a loss.
//
// A Group may run again after that.
func (g *Group) Run(ctx context.Context) error {
	if g == nil {
		return ErrNilGroup
	}
	if !g.running.CompareAndSwap(false, true) {
		return ErrRunning
	}
	defer g.running.Store(false)
	if ctx.Err() != nil {
		return nil
	}
	stop, err := g.serve(ctx)
	if err != nil {
		return err
	}
	defer stop() // last: probes are answered during the drain
	r := newRun(g)
	r.started = time.Now()
	ctx, r.shutdown = context.WithCancelCause(ctx)
	r.cause = func() error { return context.Cause(ctx) }
	g.current.Store(r)
	defer r.shutdown(nil)
	defer g.catch(r.shutdown)()
	return r.run(ctx)
}

// serve serves the pages until stop is called.
func (g *Group) serve(ctx context.Context) (stop func(), err error) {
	if g.cfg.Listen == "" {
		return func() {}, nil
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", g.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("ha: Listen %q: %w; mend: another address, or %q for no pages", g.cfg.Listen, err, "")
	}
	g.logger.Info("serving /healthz, /readyz, /leaderz, /ha and /metrics", "address", listener.Addr().String())
	server := newServer(g.Pages())
	server.ErrorLog = slog.NewLogLogger(g.logger.Handler(), slog.LevelWarn)
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			g.logger.Error("pages are served no longer", "error", err) // the liveness probe restarts the pod
		}
	}()
	return func() { _ = server.Close() }, nil
}

// catch shuts the Group down at the first of Config.Signals. From then on they
// do what they do by themselves: end the process.
func (g *Group) catch(shutdown context.CancelCauseFunc) (stop func()) {
	if len(g.cfg.Signals) == 0 {
		return func() {}
	}
	caught, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(caught, g.cfg.Signals...)
	go func() {
		select {
		case s := <-caught:
			signal.Stop(caught)
			shutdown(fmt.Errorf("signal: %v", s))
		case <-done:
		}
	}()
	return func() {
		signal.Stop(caught)
		close(done)
	}
}

// Status returns what this Group knows now. It calls the components' Check.
func (g *Group) Status() Status {
	r := g.current.Load()
	s := Status{
		Name: g.cfg.Name, Replica: g.host, Now: time.Now(), Started: r.started, Mode: r.mode(),
		ShuttingDown: r.stopping(), Components: r.components(), Transitions: g.history.Transitions(),
	}
	if e, ok := g.cfg.Runner.(interface{ Status() leaderelection.Status }); ok {
		election := e.Status()
		s.Election, s.Replica = &election, cmp.Or(election.Identity, s.Replica)
	}
	s.Ready = r.ready(s.Components)
	return s
}
