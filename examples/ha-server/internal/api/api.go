package api

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// What the zero values of Config stand for.
const (
	DefaultRequestTimeout = 10 * time.Second
	DefaultStall          = 5 * time.Second
)

// maxBody is how long the body of a request may be, in bytes.
const maxBody = 16 << 10

// Config describes an API.
type Config struct {
	// Address is where to listen, such as ":8080" or "127.0.0.1:0".
	Address string
	// Objects are the ConfigMaps of one namespace, by a client that no
	// leaderelection.Gate has wrapped: all replicas write. Required.
	Objects corev1client.ConfigMapInterface
	// Pod is what Served-By says.
	Pod string
	// Writes wraps what handles requests that write, such as by ha.NewProxy.
	// nil = this replica handles them itself.
	Writes func(local http.Handler) (http.Handler, error)

	// RequestTimeout is how long a client may take to send a request, and then
	// the Kubernetes API to answer. 0 = 10 s.
	RequestTimeout time.Duration
	// Stall is how long the client of a watch may take to accept a line.
	// 0 = 5 s.
	Stall time.Duration
	// Logger: nil = slog.Default().
	Logger *slog.Logger
}

// API serves spaces. Its Check and Run are those of a ha.Component.
type API struct {
	cfg     Config
	log     *slog.Logger
	handler http.Handler
	listens atomic.Bool
	address chan string   // has the address once it listens
	ending  chan struct{} // closed when streams have to end
}

// New returns an API that listens to nobody yet. Its error is that of
// Config.Writes.
func New(cfg Config) (*API, error) {
	cfg.RequestTimeout = cmp.Or(cfg.RequestTimeout, DefaultRequestTimeout)
	cfg.Stall = cmp.Or(cfg.Stall, DefaultStall)
	a := &API{cfg: cfg, log: cmp.Or(cfg.Logger, slog.Default()), address: make(chan string, 1), ending: make(chan struct{})}
	if cfg.Writes == nil {
		a.cfg.Writes = func(local http.Handler) (http.Handler, error) { return local, nil }
	}
	create, err := a.cfg.Writes(http.HandlerFunc(a.create))
	if err != nil {
		return nil, err
	}
	remove, err := a.cfg.Writes(http.HandlerFunc(a.remove))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("POST /api/v1/spaces", create)
	mux.HandleFunc("GET /api/v1/spaces", a.listOrWatch)
	mux.HandleFunc("GET /api/v1/spaces/{name}", a.get)
	mux.Handle("DELETE /api/v1/spaces/{name}", remove)
	a.handler = mux
	return a, nil
}

// ServeHTTP implements http.Handler.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	a.handler.ServeHTTP(signed{w, a.cfg.Pod}, r)
}

// signed is a response that says who made it: this replica, unless it passes on
// what another has made.
type signed struct {
	http.ResponseWriter
	pod string
}

const servedBy = "Served-By"

func (s signed) WriteHeader(code int) {
	if s.Header().Get(servedBy) == "" {
		s.Header().Set(servedBy, s.pod)
	}
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s signed) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// within bounds what one request asks of the Kubernetes API.
func (a *API) within(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), a.cfg.RequestTimeout)
}

// named is the name of the space in the path.
func named(r *http.Request) (string, error) {
	name := r.PathValue("name")
	if fault := space.CheckName(name); fault != nil {
		return "", space.Faults{*fault}
	}
	return name, nil
}

func answer(w http.ResponseWriter, code int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(value) // a client that has gone needs none
}
