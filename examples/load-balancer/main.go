// Command load-balancer forwards connections in the kernel, by XDP, as a YAML
// file says.
//
// It shows: dataplane/xdp, fed by a file and by dataplane/probe, in an ha.Group,
// so that a Lease can decide who leads instead of leaderelection.Plain; a status
// page; subcommands that ask the process that runs.
//
// It needs: Linux, and the capabilities that README.md lists, where lb.yaml is
// explained as well. "make demo-lb" shows it in network namespaces of its own.
//
//	load-balancer -config lb.yaml
//	load-balancer status
//	load-balancer drain 10.0.0.1:8080
//
// You will see: connections to the VIPs go to the endpoints that are well, and
// changes of the file are followed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/signal"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/regent-ha/regent/dataplane/metrics"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/examples/load-balancer/internal/config"
	"github.com/regent-ha/regent/examples/load-balancer/internal/control"
	"github.com/regent-ha/regent/examples/load-balancer/internal/web"
	"github.com/regent-ha/regent/ha"
	hametrics "github.com/regent-ha/regent/ha/metrics"
	"github.com/regent-ha/regent/leaderelection"
)

func main() {
	err := command(context.Background(), os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, control.ErrUsage):
		os.Exit(2)
	default:
		_, _ = fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// command does what the command line says.
func command(ctx context.Context, args []string, out, errs io.Writer) error {
	if len(args) > 0 && control.Known(args[0]) {
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
		defer stop()
		return control.Run(ctx, args, out, errs)
	}
	o, err := parse(args, errs)
	if err != nil || o.file == "" {
		return err
	}
	cfg, err := config.Load(o.file)
	if err != nil || o.check {
		return err
	}
	return run(ctx, o.file, cfg, slog.New(slog.NewTextHandler(errs, nil)))
}

// run forwards until a signal has come or ctx has ended.
func run(ctx context.Context, file string, cfg *config.Config, logger *slog.Logger) (err error) {
	hangups, stop := catchHangups() // from the very beginning
	defer stop()
	forwarder, err := newForwarder(cfg.Static, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, forwarder.Close()) }()
	b, err := balancer.New(balancer.Config{File: file, First: cfg, Forwarder: forwarder, Logger: logger})
	if err != nil {
		return err
	}
	socket, err := control.NewServer(ctx, cfg.Socket, b, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, socket.Close()) }()
	var server *web.Server
	if cfg.Listen != "" {
		if server, err = web.Listen(ctx, cfg.Listen, logger); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, server.Close()) }()
	}
	var pages http.Handler
	always := []ha.Component{{Name: "socket", Run: socket.Run}}
	if server != nil {
		always = append(always, ha.Component{Name: "page", Run: func(ctx context.Context) error { return server.Run(ctx, pages) }})
	}
	group, err := ha.New(ha.Config{
		Name:   "load-balancer",
		Runner: leaderelection.Plain{}, // it has no rivals
		Always: append(always,
			ha.Component{Name: "probes", Run: b.Probe},
			ha.Component{Name: "forwarding", Run: forwarder.Run},
			ha.Component{Name: "configuration", Check: func(*http.Request) error { return b.Ready() }, Run: b.Run},
		),
		Leader:        []ha.Component{{Name: "role", Run: b.Lead}},
		ShutdownDelay: cfg.ShutdownDelay,
		Logger:        logger,
	})
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.New(metrics.Config{Status: b.DataPlane}), balancer.NewCollector(b), hametrics.New(group))
	pages, err = web.Config{
		Report: b.Report, Group: group.Pages(), Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
	}.Handler()
	if err != nil {
		return err
	}
	go func() {
		for range hangups {
			b.Reload()
		}
	}()
	return group.Run(ctx)
}
