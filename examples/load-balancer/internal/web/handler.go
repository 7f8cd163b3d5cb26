package web

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/regent-ha/regent/examples/load-balancer/internal/balancer"
	"github.com/regent-ha/regent/ha/page"
)

//go:embed page.html
var pageHTML string

// Config describes what is served.
type Config struct {
	// Report says what is the case.
	Report func() balancer.Report
	// Group has the pages of the ha.Group, Metrics /metrics.
	Group, Metrics http.Handler
}

// Handler serves the pages.
func (c Config) Handler() (http.Handler, error) {
	layout, err := page.New(pageHTML)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if page.PrefersJSON(r) {
			c.json(w, r)
			return
		}
		layout.Serve(w, r, newView(c.Report()))
	})
	mux.HandleFunc("GET /status.json", c.json)
	mux.Handle("GET /metrics", c.Metrics)
	for _, path := range []string{"/healthz", "/readyz", "/leaderz", "/ha", "/ha.json"} {
		mux.Handle("GET "+path, c.Group)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	}), nil
}

func (c Config) json(w http.ResponseWriter, _ *http.Request) {
	body, err := json.MarshalIndent(newPage(c.Report()), "", "  ")
	if err != nil {
		http.Error(w, "the status could not be encoded: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	_, _ = w.Write(append(body, '\n')) // a client that has gone needs none
}
