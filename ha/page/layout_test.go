package page_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha/page"
)

func serve(t *testing.T, templates string, data any) *httptest.ResponseRecorder {
	t.Helper()
	layout, err := page.New(templates)
	require.NoError(t, err)
	w := httptest.NewRecorder()
	layout.Serve(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), data)
	return w
}

func TestPartsInADocumentOfOnesOwn(t *testing.T) {
	t.Parallel()
	w := serve(t, `{{define "title"}}balancer{{end}}{{define "main"}}{{template "badge" .Badge}}{{template "bar" .Bar}}{{template "facts" .Facts}}{{template "tag" "here"}}{{end}}`,
		map[string]any{
			"Badge": page.Badge{Tone: page.Fault, Text: "down"},
			"Bar":   page.Bar{Tone: page.Active, Label: "full", Text: "too much", Part: 30, Whole: 10},
			"Facts": []page.Fact{{Name: "VIP", Value: "192.0.2.1", Note: "<b>", Code: true}},
		})
	require.Equal(t, http.StatusOK, w.Code)
	for _, part := range []string{
		"<title>balancer</title>", `<span class="badge fault"><span aria-hidden="true">✕</span> down</span>`,
		`aria-valuenow="100.0"`, `<dt>VIP</dt><dd><bdi class="code">192.0.2.1</bdi> <small>&lt;b&gt;</small></dd>`, `<span class="tag">here</span>`,
	} {
		require.Contains(t, w.Body.String(), part)
	}
}

func TestEachToneHasASignOfItsOwn(t *testing.T) {
	t.Parallel()
	signs := map[string]page.Tone{}
	for _, tone := range []page.Tone{page.Quiet, page.Steady, page.Active, page.Attention, page.Fault} {
		sign := page.Badge{Tone: tone}.Sign()
		require.NotContains(t, signs, sign)
		signs[sign] = tone
	}
}

func TestTemplatesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	_, err := page.New(`{{define "main"}}{{end}}`)
	require.EqualError(t, err, `page: the templates define no "title"; mend: {{define "title"}}`)
	_, err = page.New(`{{define "main"}}{{nosuch}}{{end}}`)
	require.ErrorContains(t, err, "nosuch")
}

func TestNothingOfADocumentThatFailsIsSent(t *testing.T) {
	t.Parallel()
	w := serve(t, `{{define "title"}}x{{end}}{{define "main"}}much before{{.NoSuchField}}{{end}}`, struct{}{})
	require.Equal(t, http.StatusInternalServerError, w.Code)
	require.Contains(t, w.Body.String(), "the page could not be rendered")
	require.NotContains(t, w.Body.String(), "much before")
	require.Empty(t, w.Header().Get("Content-Security-Policy"))
}

// Whoever waits for a turn while two others are rendered, and goes, is not
// rendered for.
func TestWhoHasGoneIsNotRenderedFor(t *testing.T) {
	t.Parallel()
	layout, err := page.New(`{{define "title"}}x{{end}}{{define "main"}}{{call .}}{{end}}`)
	require.NoError(t, err)
	started, release, ended := make(chan bool), make(chan bool), make(chan bool)
	slow := func() string {
		started <- true
		<-release
		return ""
	}
	for range 2 {
		go func() {
			layout.Serve(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), slow)
			ended <- true
		}()
		<-started
	}
	ctx, cancel := context.WithCancel(t.Context())
	w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	go func() {
		layout.Serve(w, r, func() string { panic("rendered") })
		ended <- true
	}()
	cancel()
	<-ended // while the two are still at it
	require.Zero(t, w.Body.Len())
	close(release)
	<-ended
	<-ended
}
