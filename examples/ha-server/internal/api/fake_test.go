package api_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/api"
)

// served is an API that listens.
type served struct {
	base string             // URL
	end  context.CancelFunc // tells Run to end
	ran  <-chan error       // what Run returned
}

func serve(t *testing.T, objects corev1client.ConfigMapInterface, change ...func(*api.Config)) *served {
	t.Helper()
	cfg := api.Config{Address: "127.0.0.1:0", Objects: objects, Pod: "pod-1", Logger: slog.New(slog.DiscardHandler)}
	for _, f := range change {
		f(&cfg)
	}
	a, err := api.New(cfg)
	require.NoError(t, err)
	require.Error(t, a.Check(nil), "it does not listen yet")
	ctx, end := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- a.Run(ctx) }()
	address, err := a.Address(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Check(nil))
	s := &served{base: "http://" + address, end: end, ran: ran}
	t.Cleanup(end)
	return s
}

// answered is a response that was read.
type answered struct {
	code   int
	header http.Header
	text   string
}

func (a answered) into(t *testing.T, value any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(a.text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(value), a.text)
}

// ask sends a request, with a body of JSON if there is one.
func (s *served) ask(t *testing.T, method, path, body string) answered {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	require.NoError(t, err)
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	return send(t, request)
}

func send(t *testing.T, request *http.Request) answered {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return answered{response.StatusCode, response.Header, string(text)}
}
