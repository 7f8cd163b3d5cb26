package page

import (
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// PrefersJSON reports whether r would rather be answered with JSON than with
// HTML: it names application/json in Accept, and HTML not at all or with less
// weight. Whoever takes anything gets HTML.
func PrefersJSON(r *http.Request) bool {
	var json, html float64
	for _, line := range r.Header.Values("Accept") {
		for accepted := range strings.SplitSeq(line, ",") {
			kind, params, err := mime.ParseMediaType(accepted)
			if err != nil {
				continue
			}
			weight := 1.0
			if q, given := params["q"]; given {
				if weight, err = strconv.ParseFloat(q, 64); err != nil {
					continue
				}
			}
			switch kind {
			case "application/json":
				json = max(json, weight)
			case "text/html", "application/xhtml+xml":
				html = max(html, weight)
			}
		}
	}
	return json > html
}
