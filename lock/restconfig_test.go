package lock_test

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/regent-ha/regent/lock"
)

func TestRESTConfig(t *testing.T) {
	var mu sync.Mutex // guards the fields below
	protocols, agents, accepts := map[string]int{}, map[string]int{}, map[string]int{}
	connections := map[string]int{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		protocols[r.Proto]++
		agents[r.UserAgent()]++
		accepts[r.Header.Get("Accept")]++
		connections[r.RemoteAddr]++
		w.WriteHeader(http.StatusNotFound)
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.True(t, x509.NewCertPool().AppendCertsFromPEM(ca))
	cfg := &rest.Config{
		Host: server.URL, UserAgent: "program", QPS: 1, Burst: 1, RateLimiter: flowcontrol.NewFakeNeverRateLimiter(),
		TLSClientConfig: rest.TLSClientConfig{CAData: ca},
	}
	before := rest.CopyConfig(cfg)

	for range 2 { // two clients: they share no connection
		client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
		require.NoError(t, err)
		for range 50 { // a rate limit of one per second would take a minute
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			_, err = client.CoordinationV1().Leases("default").Get(ctx, "lock", metav1.GetOptions{})
			cancel()
			require.ErrorContains(t, err, "could not find the requested resource")
		}
	}
	require.Equal(t, before, cfg, "the program's own is left alone")
	require.Equal(t, map[string]int{"HTTP/1.1": 100}, protocols)
	require.Equal(t, map[string]int{"program/leader-election": 100}, agents)
	require.Equal(t, map[string]int{"application/vnd.kubernetes.protobuf,application/json": 100}, accepts)
	require.Len(t, connections, 2)
}

func TestRESTConfigKeepsTheCallersDialer(t *testing.T) {
	own := errors.New("the caller's dialer")
	cfg := &rest.Config{Host: "http://127.0.0.1:1", Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, own
	}}
	client, err := kubernetes.NewForConfig(lock.RESTConfig(cfg))
	require.NoError(t, err)
	_, err = client.CoordinationV1().Leases("default").Get(t.Context(), "lock", metav1.GetOptions{})
	require.ErrorIs(t, err, own)
}
