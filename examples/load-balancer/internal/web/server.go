package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// Nobody with an ordinary client needs as long.
	headerTimeout = 3 * time.Second
	readTimeout   = 5 * time.Second
	writeTimeout  = 30 * time.Second // status.json of very many services is long
	idleTimeout   = 30 * time.Second
	maxHeader     = 32 << 10
	// maxConnections bounds descriptors.
	maxConnections = 256
)

// Server serves pages at an address.
type Server struct {
	listener net.Listener
	logger   *slog.Logger
}

// Listen listens at an address, so that it is known before anything else begins
// if that cannot be. Pages come from Run; Close is for a Server that does not
// run.
func Listen(ctx context.Context, address string, logger *slog.Logger) (*Server, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen %q: %w; mend: another address in the file, or none for no page", address, err)
	}
	return &Server{listener, logger}, nil
}

// Address is where it listens.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Close ends listening.
func (s *Server) Close() error {
	if err := s.listener.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Run serves pages until ctx ends.
func (s *Server) Run(ctx context.Context, pages http.Handler) error {
	server := &http.Server{
		Handler: pages, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	s.logger.Info("serving the status page, /status.json, /healthz, /readyz and /metrics", "address", s.Address())
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	err := server.Serve(netutil.LimitListener(s.listener, maxConnections))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
