package leaderelection_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

// A connection that was upgraded, such as an exec's, can be written to through
// the gate, and ends with the term.
func TestGateEndsStreamsWithTheTerm(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer conn.Close() //nolint:errcheck // the test is over
		_, _ = conn.Write([]byte("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"))
		_, _ = io.Copy(conn, buffered)
	}))
	defer server.Close()
	done := make(chan struct{})
	ctx := leaderelection.WithTerm(t.Context(), leaderelection.NewTerm(leaderelection.TermConfig{Done: done}))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/namespaces/ns/pods/a/exec", nil)
	require.NoError(t, err)
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "echo")
	response, err := leaderelection.Gate(http.DefaultTransport).RoundTrip(r)
	require.NoError(t, err)
	defer response.Body.Close() //nolint:errcheck // it is closed already
	require.Equal(t, http.StatusSwitchingProtocols, response.StatusCode)
	stream, ok := response.Body.(io.ReadWriter)
	require.True(t, ok)
	_, err = stream.Write([]byte("hello"))
	require.NoError(t, err)
	echo := make([]byte, 5)
	_, err = io.ReadFull(stream, echo)
	require.NoError(t, err)
	require.Equal(t, "hello", string(echo))
	close(done)
	_, err = stream.Read(echo)
	require.Error(t, err)
}
