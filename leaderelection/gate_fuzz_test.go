package leaderelection_test

import (
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

// gateSeeds are requests as "METHOD PREFIX PATH", where PREFIX is a proxy's.
func gateSeeds() []string {
	const pods = " /api/v1/namespaces/ns/pods"
	return []string{
		"GET " + pods, "POST " + pods, "PUT " + pods + "/a/", "GET " + pods + "/a/exec", "GET " + pods + "/a/log", "POST " + pods + "/a/eviction",
		"GET  /api/v1/namespaces/exec", "GET  /api/v1/namespaces/ns/configmaps/proxy", "GET  /api/v1/nodes/n/proxy/metrics",
		"POST  /api/v1/namespaces/ns/events", "PATCH  /api/v1/namespaces/ns/events/e", "POST  /api/v1/events",
		"POST  /api/v1/namespaces/api/events", "POST  /api/v1/namespaces/apis/events/e", "POST  /apis/events.k8s.io/v1/namespaces/ns/events",
		"POST  /apis/authentication.k8s.io/v1/tokenreviews", "POST  /apis/authorization.k8s.io/v1/subjectaccessreviews",
		"PUT  /api/v1/namespaces/events/finalize", "PUT  /api/v1/namespaces/events", "PUT  /api/v1/namespaces/events/pods/p", "POST  /api/v1/namespaces/ns/status",
		"PATCH  /apis/example.com/v1/namespaces/events/events/events", "PUT  /apis/example.com/stable/widgets/w",
		"PUT  /api/v1/namespaces//pods/events", "GET  /api/v1/namespaces//pods/a/exec", "POST  //api/v1/events", "POST  /api/v1/namespaces/ns/events/../pods",
		"POST  /api/v1/namespaces/ns/events/%2e%2e/pods", "GET  /api/v1/namespaces/ns/pods/a%2Fb/exec", "POST  /api/v1/namespaces/ns%2Fevents",
		"GET /api/endpoints/1/kubernetes /api/v1/namespaces/ns/pods/a/exec", "POST /api/endpoints/1/kubernetes /api/v1/namespaces/ns/events",
		"GET /api/v1/clusters/c /apis/example.com/stable/widgets/w/proxy", "POST /apis/events.k8s.io/v1 /api/v1/namespaces/ns/pods",
		"POST /k8s/clusters/c-1 /api/v1/namespaces/ns/events", "CONNECT  /api/v1/nodes", "get  /api/v1/nodes", "POST  /version", "DELETE  /apis",
	}
}

// FuzzGate: without a term no request passes that writes anything but Events
// and reviews, and none that connects, whatever there is before the API
// server's path. On paths that are beyond doubt, all others do pass.
func FuzzGate(f *testing.F) {
	for _, seed := range gateSeeds() {
		parts := strings.SplitN(seed, " ", 3)
		f.Add(parts[0], parts[1], parts[2])
	}
	known := regexp.MustCompile(`^/(api|apis/[^/]+)/v1/`)
	f.Fuzz(func(t *testing.T, method, prefix, suffix string) {
		if prefix != "" && prefix[0] != '/' || !strings.HasPrefix(suffix, "/") {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "https://api.example"+prefix+suffix, nil)
		own, notOwn := url.Parse("https://api.example" + suffix)
		if err != nil || notOwn != nil || !strings.HasSuffix(r.URL.Path, own.Path) {
			return
		}
		passed := true
		if response, err := leaderelection.Gate(transport(sends)).RoundTrip(r); err != nil {
			require.ErrorIs(t, err, leaderelection.ErrNoTerm)
			passed = false
		} else {
			require.NoError(t, response.Body.Close())
		}
		served, cleaned := needsTerm(method, own.Path), needsTerm(method, path.Clean(own.Path))
		if served || cleaned {
			require.False(t, passed, "%s %s, behind %q", method, own.Path, prefix)
		}
		doubt := own.RawPath != "" || prefix != "" || strings.TrimSuffix(own.Path, "/") != strings.TrimSuffix(path.Clean(own.Path), "/") ||
			slices.ContainsFunc(strings.Split(own.Path, "/")[2:], func(p string) bool { return p == "api" || p == "apis" })
		doubt = doubt || method != http.MethodGet && !known.MatchString(own.Path)
		if !doubt && !served {
			require.True(t, passed, "%s %s", method, own.Path)
		}
	})
}

// needsTerm says by the path as an API server is sent it what that would do:
// k8s.io/apiserver's RequestInfoFactory, in short.
func needsTerm(method, path string) bool {
	read := method == "" || method == "GET" || method == "HEAD" || method == "OPTIONS"
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case len(parts) >= 3 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) >= 4 && parts[0] == "apis":
		group, parts = parts[1], parts[3:]
	default:
		return !read // no resource
	}
	if parts[0] == "namespaces" && len(parts) >= 3 && parts[2] != "status" && parts[2] != "finalize" {
		parts = parts[2:]
	}
	if len(parts) >= 3 {
		return !read || slices.Contains([]string{"exec", "attach", "portforward", "proxy"}, parts[2])
	}
	return !read && !slices.Contains([]string{
		"/events", "events.k8s.io/events",
		"authentication.k8s.io/tokenreviews", "authentication.k8s.io/selfsubjectreviews",
		"authorization.k8s.io/subjectaccessreviews", "authorization.k8s.io/localsubjectaccessreviews",
		"authorization.k8s.io/selfsubjectaccessreviews", "authorization.k8s.io/selfsubjectrulesreviews",
	}, group+"/"+parts[0])
}
