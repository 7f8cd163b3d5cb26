package control

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/regent-ha/regent/dataplane"
	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
)

// Balancer is what is asked: a *balancer.Balancer.
type Balancer interface {
	Report() balancer.Report
	Flows() iter.Seq2[dataplane.Flow, error]
	Drain(endpoint string) ([]netip.AddrPort, error)
	Undrain(endpoint string) ([]netip.AddrPort, error)
}

// Server answers on a socket.
type Server struct {
	balancer Balancer
	path     string
	listener net.Listener
	logger   *slog.Logger
}

// NewServer listens at path, so that it is known before anything else begins if
// that cannot be. Answers come from Run; Close is for a Server that does not run.
func NewServer(ctx context.Context, path string, b Balancer, logger *slog.Logger) (*Server, error) {
	listener, err := listen(ctx, path)
	if err != nil {
		return nil, err
	}
	return &Server{balancer: b, path: path, listener: listener, logger: logger}, nil
}

// Close takes the socket away.
func (s *Server) Close() error {
	err := s.listener.Close()
	if errors.Is(err, net.ErrClosed) {
		return nil // and taken away
	}
	return errors.Join(err, os.Remove(s.path))
}

const (
	headerTimeout = 3 * time.Second
	// patience is how long a client may take for a part of an answer.
	patience = 10 * time.Second
	// lastAnswers is how long answers may take at the end.
	lastAnswers = time.Second
)

// Run answers until ctx ends, and takes the socket away.
func (s *Server) Run(ctx context.Context) error {
	server := &http.Server{Handler: s.handler(), ReadHeaderTimeout: headerTimeout, ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(s.listener) }()
	var err error
	select {
	case err = <-served:
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastAnswers)
		defer cancel()
		if server.Shutdown(last) != nil {
			_ = server.Close()
		}
		if err = <-served; errors.Is(err, http.ErrServerClosed) {
			err = nil
		}
	}
	return errors.Join(err, os.Remove(s.path))
}

func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/report", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, s.balancer.Report()) })
	mux.HandleFunc("GET /v1/flows", s.flows)
	mux.HandleFunc("POST /v1/drain", func(w http.ResponseWriter, r *http.Request) { s.change(w, r, s.balancer.Drain) })
	mux.HandleFunc("POST /v1/undrain", func(w http.ResponseWriter, r *http.Request) { s.change(w, r, s.balancer.Undrain) })
	return mux
}

// change drains, or undrains.
func (s *Server) change(w http.ResponseWriter, r *http.Request, do func(string) ([]netip.AddrPort, error)) {
	found, err := do(r.URL.Query().Get("endpoint"))
	var unknown *balancer.UnknownEndpointError
	switch {
	case errors.As(err, &unknown):
		answer(w, http.StatusNotFound, Refusal{err.Error()})
	case err != nil:
		answer(w, http.StatusInternalServerError, Refusal{err.Error()})
	default:
		answer(w, http.StatusOK, Endpoints{found})
	}
}

// flows sends connections as they are read: there may be millions.
func (s *Server) flows(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	picks, err := Filter{VIP: q.Get("vip"), Endpoint: q.Get("endpoint"), Client: q.Get("client")}.picks()
	if err != nil {
		answer(w, http.StatusBadRequest, Refusal{err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	control := http.NewResponseController(w)
	buffered := bufio.NewWriterSize(deadlined{w, control}, 32<<10)
	encoder := json.NewEncoder(buffered)
	for flow, err := range s.balancer.Flows() {
		var told Flow
		switch {
		case err != nil:
			told.Error = err.Error()
		case !picks(flow):
			continue
		default:
			told = newFlow(flow)
		}
		if encoder.Encode(told) != nil || r.Context().Err() != nil {
			return // the client has gone
		}
		if err != nil {
			break
		}
	}
	_ = buffered.Flush() // likewise
}

// deadlined gives each part of an answer its time.
type deadlined struct {
	http.ResponseWriter
	control *http.ResponseController
}

func (d deadlined) Write(p []byte) (int, error) {
	_ = d.control.SetWriteDeadline(time.Now().Add(patience)) // not of a test's recorder
	return d.ResponseWriter.Write(p)
}

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // a client that has gone needs none
}
