package page_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha/page"
)

func TestPrefersJSON(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]bool{
		"":                                 false,
		"*/*":                              false,
		"application/json":                 true,
		"Application/JSON; charset=utf-8":  true,
		"application/json, */*":            true,
		"application/json, text/html":      false,
		"text/html;q=0.5,application/json": true,
		"application/json;q=0.5,text/html": false,
		"application/json;q=0":             false,
		"application/json;q=x":             false,
		";;,,/":                            false,
		"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8": false,
	} {
		require.Equal(t, want, page.PrefersJSON(&http.Request{Header: http.Header{"Accept": {accept}}}), accept)
	}
	require.True(t, page.PrefersJSON(&http.Request{Header: http.Header{"Accept": {"text/html;q=0.1", "application/json;q=0.2"}}}), "in two lines")
}
