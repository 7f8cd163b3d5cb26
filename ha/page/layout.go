package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"
)

//go:embed layout.html
var layoutHTML string

//go:embed style.css
var styleCSS string

//go:embed refresh.js
var refreshJS string

// Layout is a document that shows values of one kind. It is safe for concurrent
// use.
type Layout struct {
	templates *template.Template
	policy    string
	version   string
	turns     chan struct{} // who renders holds one
}

// atOnce is how many documents are rendered at a time: that is the work, and
// whoever asks for something cheap, such as a probe, need not wait behind all of
// it.
const atOnce = 2

// New makes a Layout of templates, which define "title" and "main".
func New(templates string) (*Layout, error) {
	t := template.New("layout").Funcs(template.FuncMap{"visible": Visible, "span": Span, "clock": clock})
	if _, err := t.Parse(layoutHTML); err != nil {
		return nil, fmt.Errorf("page: layout: %w", err)
	}
	if _, err := t.Parse(templates); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	for _, name := range []string{"title", "main"} {
		if t.Lookup(name) == nil {
			return nil, fmt.Errorf("page: the templates define no %q; mend: {{define %q}}", name, name)
		}
	}
	version := sha256.Sum256([]byte(layoutHTML + templates + styleCSS + refreshJS))
	return &Layout{
		templates: t,
		policy: fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; img-src data:; "+
			"base-uri 'none'; form-action 'none'; frame-ancestors 'none'", hash(styleCSS), hash(refreshJS)),
		version: fmt.Sprintf("%x", version[:6]),
		turns:   make(chan struct{}, atOnce),
	}, nil
}

// hash is how a Content-Security-Policy names an inline style or script.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// Serve answers r with the document for data. An error of a template is answered
// with status 500, and nothing of the document.
func (l *Layout) Serve(w http.ResponseWriter, r *http.Request, data any) {
	select {
	case l.turns <- struct{}{}:
	case <-r.Context().Done():
		return // the client has gone, or was cut off
	}
	document, err := l.render(data)
	<-l.turns // before a client that reads slowly
	if err != nil {
		http.Error(w, "the page could not be rendered: "+err.Error(), http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", l.policy)
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(document)))
	_, _ = w.Write(document) // a client that has gone needs none
}

func (l *Layout) render(data any) ([]byte, error) {
	var b bytes.Buffer
	err := l.templates.ExecuteTemplate(&b, "layout", struct {
		Style   template.CSS
		Script  template.JS
		Version string
		Data    any
	}{template.CSS(styleCSS), template.JS(refreshJS), l.version, data})
	return b.Bytes(), err
}

// clock is a time as the script and people read it.
func clock(t time.Time) map[string]string {
	t = t.UTC()
	return map[string]string{
		"machine": t.Format(time.RFC3339), "human": t.Format("2006-01-02 15:04:05 UTC"), "date": t.Format("Jan _2 15:04:05"),
	}
}
