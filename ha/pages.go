package ha

import (
	"cmp"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/regent-ha/regent/ha/page"
)

//go:embed page.html
var pageHTML string

// pages serves what status says.
type pages struct {
	status func() Status
	layout *page.Layout
}

// Pages returns what is served on Config.Listen, for a server of one's own:
//
//   - /healthz: ok while this process answers;
//   - /readyz: ok, or status 503 and why this replica is not ready, whoever leads;
//   - /leaderz: who leads, as JSON; status 503 if this replica could not;
//   - /ha: the status page, and as [Page] with Accept: application/json or as
//     /ha.json; / redirects there;
//   - /metrics: Config.Metrics.
//
// It works below a prefix, too (http.StripPrefix). It shows identities, names
// and errors to whoever can reach it, so do not serve it to the world.
func (g *Group) Pages() http.Handler { return newPages(g.Status, g.cfg.Metrics) }

// newPages returns the pages of what status says. metrics may be nil.
func newPages(status func() Status, metrics http.Handler) http.Handler {
	layout, err := page.New(pageHTML)
	if err != nil {
		panic(err) // it is part of the program, and tested
	}
	p := &pages{status: status, layout: layout}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", p.healthz)
	mux.HandleFunc("GET /readyz", p.readyz)
	mux.HandleFunc("GET /leaderz", p.leaderz)
	mux.HandleFunc("GET /ha", p.ha)
	mux.HandleFunc("GET /ha.json", p.haJSON)
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "ha") // relative, so that it holds behind a prefix
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	if metrics != nil {
		mux.Handle("GET /metrics", metrics)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// healthz says that this process answers. That it leads, or could, does not
// matter: a restart would mend neither.
func (p *pages) healthz(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") }

// readyz says whether this replica can do its part, as a leader or not.
func (p *pages) readyz(w http.ResponseWriter, _ *http.Request) {
	if err := p.status().Ready; err != nil {
		answer(w, http.StatusServiceUnavailable, text(err))
		return
	}
	answer(w, http.StatusOK, "ok")
}

// leaderz says who leads, and whether this replica could: for people and for
// alerts, not for probes.
func (p *pages) leaderz(w http.ResponseWriter, _ *http.Request) {
	at, code := newPage(p.status()), http.StatusOK
	said := map[string]any{"replica": at.Replica}
	if e := at.Election; e == nil {
		said["leads"], said["leader"], said["phase"] = false, "", "standby"
		if at.Mode == ModeLeader {
			said["leads"], said["leader"], said["phase"] = true, at.Replica, "leading"
		}
	} else {
		said["lock"], said["leader"], said["token"], said["phase"] = e.Lock, e.Holder, e.Token, e.Phase
		said["leads"], said["watching"] = e.Leads, e.Watching
		if e.Phase == "idle" {
			code, said["error"] = http.StatusServiceUnavailable, "this replica does not campaign: "+cmp.Or(at.NotReady, "it has not begun to")
		} else {
			said["heard_of_the_api_server"] = duration(e.ContactSeconds).String() + " ago"
		}
		said["replica"] = cmp.Or(at.Replica, e.Identity)
		if !e.Acquired.IsZero() {
			said["since"] = e.Acquired
		}
		if e.Error != "" {
			code, said["error"] = http.StatusServiceUnavailable, e.Error
		}
	}
	answerJSON(w, code, said)
}

// ha is the status page, for people or for programs.
func (p *pages) ha(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Vary", "Accept")
	if page.PrefersJSON(r) {
		p.haJSON(w, r)
		return
	}
	p.layout.Serve(w, r, newPageView(p.status()))
}

func (p *pages) haJSON(w http.ResponseWriter, _ *http.Request) {
	answerJSON(w, http.StatusOK, newPage(p.status()))
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(text)+1))
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, text) // a client that has gone needs none
}

func answerJSON(w http.ResponseWriter, code int, value any) {
	body, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		answer(w, http.StatusInternalServerError, "the page could not be encoded: "+err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(code)
	_, _ = w.Write(append(body, '\n'))
}

const (
	// Nobody with an ordinary client needs as long: a page is some kilobytes.
	headerTimeout = 3 * time.Second
	readTimeout   = 5 * time.Second
	writeTimeout  = 10 * time.Second // metrics may take a while to be gathered
	idleTimeout   = 30 * time.Second
	maxHeader     = 32 << 10 // browsers send cookies of whatever else is on localhost
	// maxConnections bounds descriptors. Each has answerTimeout before it gives
	// way to another: so there are up to 2560 a second.
	maxConnections = 128
	answerTimeout  = 50 * time.Millisecond
)

// newServer serves h to clients that may be slow, or many.
func newServer(h http.Handler) *http.Server {
	b := &bound{limit: maxConnections, grace: answerTimeout}
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ConnState: b.changed,
	}
}
