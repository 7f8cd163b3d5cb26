package api_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"

	"github.com/regent-ha/regent/examples/ha-server/internal/api"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

const (
	spaces = "/api/v1/spaces"
	teamA  = `{"name":"team-a","owner":"ann","ttl":"24h"}`
)

func TestSpaceFromCreationToDeletion(t *testing.T) {
	t.Parallel()
	s := serve(t, fake.NewClientset().CoreV1().ConfigMaps("ns"))
	var one space.Space
	made := s.ask(t, http.MethodPost, spaces, teamA)
	require.Equal(t, http.StatusCreated, made.code, made.text)
	require.Equal(t, "/api/v1/spaces/team-a", made.header.Get("Location"))
	require.Equal(t, "pod-1", made.header.Get("Served-By"))
	require.Equal(t, "application/json", made.header.Get("Content-Type"))
	made.into(t, &one)
	require.Equal(t, space.Pending, one.Phase)

	again := s.ask(t, http.MethodPost, spaces, teamA)
	require.Equal(t, http.StatusConflict, again.code)
	require.Contains(t, again.text, `there is a space \"team-a\" already; mend: `)

	got := s.ask(t, http.MethodGet, spaces+"/team-a", "")
	require.Equal(t, http.StatusOK, got.code)
	got.into(t, &one)
	require.Equal(t, "ann", one.Owner)
	var all struct {
		Items                     []space.Space
		ResourceVersion, Continue string
	}
	s.ask(t, http.MethodGet, spaces, "").into(t, &all)
	require.Len(t, all.Items, 1)

	deleted := s.ask(t, http.MethodDelete, spaces+"/team-a", "")
	require.Equal(t, http.StatusAccepted, deleted.code, "the leader takes it down")
	deleted.into(t, &one)
	require.Equal(t, space.Deleting, one.Phase)
}

func TestStatusCodes(t *testing.T) {
	t.Parallel()
	foreign := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "space-foreign"}, Data: map[string]string{"secret": "x"}}
	s := serve(t, fake.NewClientset(foreign).CoreV1().ConfigMaps("ns"))
	for name, test := range map[string]struct {
		method, path, body string
		code               int
		says               string
	}{
		"unknown field":        {http.MethodPost, spaces, `{"name":"a","owner":"b","size":"3"}`, 400, `"field":"size","value":"3","problem":"is an unknown field","mend":"leave it out`},
		"bad name":             {http.MethodPost, spaces, `{"name":"A","owner":"b"}`, 400, `"field":"name","value":"A"`},
		"bad ttl":              {http.MethodPost, spaces, `{"name":"a","owner":"b","ttl":"x"}`, 400, `"field":"ttl","value":"x"`},
		"long body":            {http.MethodPost, spaces, `{"name":"` + strings.Repeat("a", 20<<10) + `"}`, 413, "too large"},
		"no type":              {http.MethodPost, spaces, "", 415, "application/json"},
		"no such space":        {http.MethodGet, spaces + "/nobody", "", 404, `there is no space \"nobody\"`},
		"none to delete":       {http.MethodDelete, spaces + "/nobody", "", 404, `there is no space \"nobody\"`},
		"a foreign ConfigMap":  {http.MethodGet, spaces + "/foreign", "", 404, `there is no space`},
		"foreign, to delete":   {http.MethodDelete, spaces + "/foreign", "", 404, `there is no space`},
		"foreign, to create":   {http.MethodPost, spaces, `{"name":"foreign","owner":"b"}`, 409, `another name`},
		"bad name in the path": {http.MethodGet, spaces + "/A%2F..", "", 400, `"field":"name"`},
		"method":               {http.MethodPut, spaces, teamA, 405, ""},
		"path":                 {http.MethodGet, "/api/v1/others", "", 404, ""},
		"unknown parameter":    {http.MethodGet, spaces + "?wtach=true", "", 400, `"field":"wtach","value":"true","problem":"is an unknown parameter"`},
		"bad watch":            {http.MethodGet, spaces + "?watch=1", "", 400, `"field":"watch","value":"1"`},
		"bad limit":            {http.MethodGet, spaces + "?limit=0", "", 400, `"field":"limit","value":"0"`},
		"limit twice":          {http.MethodGet, spaces + "?limit=1&limit=2", "", 400, `comes twice`},
		"limit of a watch":     {http.MethodGet, spaces + "?limit=1&watch=true", "", 400, `is for lists`},
		"bad version":          {http.MethodGet, spaces + "?watch=true&resourceVersion=new", "", 400, `"field":"resourceVersion"`},
		"bad query":            {http.MethodGet, spaces + "?a=%zz", "", 400, `"field":"query"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := s.ask(t, test.method, test.path, test.body)
			require.Equal(t, test.code, got.code, got.text)
			require.Contains(t, got.text, test.says)
			require.NotContains(t, got.text, "secret")
			require.Equal(t, "pod-1", got.header.Get("Served-By"))
		})
	}
}

// What Kubernetes says becomes what a client can act upon.
func TestErrorsOfKubernetes(t *testing.T) {
	t.Parallel()
	resource := corev1.Resource("configmaps")
	for name, test := range map[string]struct {
		err  error
		code int
	}{
		"unreachable": {errors.New("dial tcp 127.0.0.1:1: connect: connection refused"), 503},
		"slow":        {context.DeadlineExceeded, 503},
		"overloaded":  {apierrors.NewTooManyRequests("wait", 1), 503},
		"broken":      {apierrors.NewInternalError(errors.New("etcd")), 503},
		"forbidden":   {apierrors.NewForbidden(resource, "x", errors.New("RBAC")), 500},
		"too old":     {apierrors.NewResourceExpired("continue is too old"), 410},
	} {
		for verb, request := range map[string][3]string{
			"create": {http.MethodPost, spaces, teamA},
			"list":   {http.MethodGet, spaces, ""},
			"get":    {http.MethodGet, spaces + "/a", ""},
			"watch":  {http.MethodGet, spaces + "?watch=true", ""},
		} {
			t.Run(name+" "+verb, func(t *testing.T) {
				t.Parallel()
				client := fake.NewClientset()
				client.PrependReactor(verb, "configmaps", func(kubetesting.Action) (bool, runtime.Object, error) { return true, nil, test.err })
				client.PrependWatchReactor("configmaps", func(kubetesting.Action) (bool, watchInterface, error) { return true, nil, test.err })
				s := serve(t, client.CoreV1().ConfigMaps("ns"))
				got := s.ask(t, request[0], request[1], request[2])
				require.Equal(t, test.code, got.code, got.text)
				require.Equal(t, test.code == 503, got.header.Get("Retry-After") != "")
			})
		}
	}
}

// Requests that write can be handled elsewhere; reads cannot.
func TestWrites(t *testing.T) {
	t.Parallel()
	s := serve(t, fake.NewClientset().CoreV1().ConfigMaps("ns"), func(cfg *api.Config) {
		cfg.Writes = func(http.Handler) (http.Handler, error) {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Served-By", "pod-2")
				w.WriteHeader(http.StatusTeapot)
			}), nil
		}
	})
	made := s.ask(t, http.MethodPost, spaces, teamA)
	require.Equal(t, http.StatusTeapot, made.code)
	require.Equal(t, []string{"pod-2"}, made.header["Served-By"], "who made the answer, not who passed it on")
	require.Equal(t, http.StatusTeapot, s.ask(t, http.MethodDelete, spaces+"/a", "").code)
	require.Equal(t, http.StatusOK, s.ask(t, http.MethodGet, spaces, "").code)
}
