package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/regent-ha/regent/controller"
	"github.com/regent-ha/regent/leaderelection"
)

// pages are for kubelets, people and Prometheus.
func pages(elector *leaderelection.Elector, ctrl *controller.Controller, registry *prometheus.Registry) http.Handler {
	mux := http.NewServeMux()
	// Alive: that this is answered says it.
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	// Ready: could take over at once. Whether it leads does not matter, nor
	// whether the API server answers: unready replicas would mend neither.
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ctrl.Check(r); err != nil {
			answer(w, http.StatusServiceUnavailable, err.Error())
			return
		}
		answer(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /leaderz", func(w http.ResponseWriter, r *http.Request) { leaderz(w, r, elector) })
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return mux
}

// leaderz says who leads, and whether this replica could: for people and for
// alerts, not for probes.
func leaderz(w http.ResponseWriter, r *http.Request, elector *leaderelection.Elector) {
	status, code := elector.Status(), http.StatusOK
	page := map[string]any{
		"lock": status.Lock, "leader": status.Holder, "token": status.Token, "since": status.Acquired,
		"replica": status.Identity, "phase": status.Phase, "leads": status.Leader, "watching": status.Watching,
		"heard_of_the_api_server": status.Contact.Round(time.Millisecond).String() + " ago",
	}
	if err := elector.Check(r); err != nil {
		code, page["error"] = http.StatusServiceUnavailable, err.Error()
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	_ = encoder.Encode(page) // a client that has gone needs none
}

func answer(w http.ResponseWriter, code int, text string) {
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text)
}

// servePages serves until the returned function is called.
func servePages(address string, handler http.Handler, logger *slog.Logger) (stop func(), err error) {
	if address == "" {
		return func() {}, nil
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-listen=%s: %w; mend: another address, or -listen= for none", address, err)
	}
	logger.Info("serving /healthz, /readyz, /leaderz and /metrics", "address", listener.Addr().String())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("pages are served no longer", "error", err) // the liveness probe restarts the pod
		}
	}()
	return func() { _ = server.Close() }, nil
}
