package leaderelection

import (
	"net/http"
	"slices"
	"strings"
)

// isWrite reports whether a request to an API server changes anything that a
// leader alone may change.
func isWrite(r *http.Request) bool {
	res := resourceOf(r.URL.Path)
	switch {
	case res.connects():
		return true
	case r.Method == http.MethodGet, r.Method == "", r.Method == http.MethodHead, r.Method == http.MethodOptions:
		return false
	}
	return !res.exempt()
}

// resource is what the path of a request names.
type resource struct{ group, name, subresource string }

// resourceOf reads /api/v1/… and /apis/GROUP/VERSION/…, wherever the API
// server's own path ends (a proxy may have one before).
func resourceOf(path string) (r resource) {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	at := slices.IndexFunc(parts, func(p string) bool { return p == "api" || p == "apis" })
	switch {
	case at < 0:
		return r
	case parts[at] == "api":
		parts = parts[min(at+2, len(parts)):]
	default:
		if at+1 < len(parts) {
			r.group = parts[at+1]
		}
		parts = parts[min(at+3, len(parts)):]
	}
	if len(parts) > 2 && parts[0] == "namespaces" && !namespaceParts(parts[2]) {
		parts = parts[2:]
	}
	if len(parts) > 0 {
		r.name = parts[0]
	}
	if len(parts) > 2 {
		r.subresource = parts[2]
	}
	return r
}

// namespaceParts: a subresource of the namespace itself.
func namespaceParts(s string) bool { return s == "finalize" || s == "status" }

// connects: what is done by it is not for the method to say.
func (r resource) connects() bool {
	switch r.subresource {
	case "exec", "attach", "portforward", "proxy":
		return true
	}
	return false
}

// exempt: it tells, or asks.
func (r resource) exempt() bool {
	switch r.group {
	case "", "events.k8s.io":
		return r.name == "events"
	case "authentication.k8s.io":
		return r.name == "tokenreviews" || r.name == "selfsubjectreviews"
	case "authorization.k8s.io":
		switch r.name {
		case "subjectaccessreviews", "localsubjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews":
			return true
		}
	}
	return false
}
