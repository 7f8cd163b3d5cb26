package leaderelection

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
)

// isWrite reports whether a request to an API server changes anything that a
// leader alone may change. What it cannot tell for sure counts as a write.
func isWrite(r *http.Request) bool {
	parts := strings.FieldsFunc(r.URL.Path, func(c rune) bool { return c == '/' })
	all, plain := readings(parts), isPlain(r.URL)
	switch {
	case r.URL.Opaque != "": // is sent in place of the path
		return true
	case slices.ContainsFunc(all, resource.connects), !plain && slices.ContainsFunc(parts, isConnect):
		return true
	case r.Method == http.MethodGet, r.Method == "", r.Method == http.MethodHead, r.Method == http.MethodOptions:
		return false
	}
	all = slices.DeleteFunc(all, func(r resource) bool { return !isVersion(r.version) })
	return !plain || len(all) == 0 || slices.ContainsFunc(all, func(r resource) bool { return !r.exempt() })
}

// isPlain: nobody on the way to the API server, and not itself, can take the
// path for another one.
func isPlain(u *url.URL) bool {
	clean := path.Clean(u.Path) // of // . and ..
	return u.RawPath == "" && (u.Path == clean || u.Path == clean+"/")
}

// resource is what the path of a request names.
type resource struct{ group, version, name, subresource string }

// readings are what a path can name: /api/v1/… and /apis/GROUP/VERSION/… may
// begin anywhere. A proxy can have a path of its own before, with an "api" in
// it, such as Portainer's /api/endpoints/1/kubernetes; an object can be called
// "api".
func readings(parts []string) (all []resource) {
	for i, p := range parts {
		switch {
		case p == "api" && i+1 < len(parts):
			all = append(all, resourceOf("", parts[i+1:]))
		case p == "apis" && i+2 < len(parts):
			all = append(all, resourceOf(parts[i+1], parts[i+2:]))
		}
	}
	return all
}

// resourceOf reads VERSION/RESOURCE/…, as an API server does.
func resourceOf(group string, parts []string) resource {
	r := resource{group: group, version: parts[0]}
	parts = parts[1:]
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

// isVersion: v1, v1beta1. The versions of what is exempt are all like that.
func isVersion(s string) bool { return len(s) > 1 && s[0] == 'v' && '0' <= s[1] && s[1] <= '9' }

// namespaceParts: a subresource of the namespace itself.
func namespaceParts(s string) bool { return s == "finalize" || s == "status" }

// connects: what is done by it is not for the method to say.
func (r resource) connects() bool { return isConnect(r.subresource) }

func isConnect(subresource string) bool {
	switch subresource {
	case "exec", "attach", "portforward", "proxy":
		return true
	}
	return false
}

// exempt: it tells, or asks.
func (r resource) exempt() bool {
	if r.subresource != "" {
		return false
	}
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
