package ha_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
)

// closed tells when the server closes a connection.
func closed(c net.Conn) <-chan time.Time {
	at := make(chan time.Time, 1)
	go func() {
		_, _ = io.Copy(io.Discard, c)
		at <- time.Now()
	}()
	return at
}

// probe asks for /healthz, and keeps the connection.
func probe(t *testing.T, c net.Conn) {
	t.Helper()
	_, err := io.WriteString(c, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
	require.NoError(t, err)
	r, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	_, err = io.Copy(io.Discard, r.Body)
	require.NoError(t, err)
	require.NoError(t, r.Body.Close())
	require.Equal(t, http.StatusOK, r.StatusCode)
}

func TestTheOldestConnectionMakesRoomOnceItHadItsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener, start := servePipes(t), time.Now()
		var first []<-chan time.Time
		for range ha.MaxConnections {
			first = append(first, closed(listener.dial()))
		}
		probe(t, listener.dial())
		require.Equal(t, 50*time.Millisecond, time.Since(start), "the oldest had 50 ms")
		require.Equal(t, start.Add(50*time.Millisecond), <-first[0])
		synctest.Wait()
		require.Empty(t, first[1], "one is enough")
		require.Equal(t, start.Add(3*time.Second), <-first[1], "the time that the others have for their headers")
	})
}

func TestAnIdleConnectionMakesRoomFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener, start := servePipes(t), time.Now()
		oldest := closed(listener.dial())
		idle := listener.dial()
		probe(t, idle)
		for range ha.MaxConnections - 2 {
			closed(listener.dial())
		}
		gone := closed(idle)
		probe(t, listener.dial())
		require.Equal(t, start, <-gone, "at once: it has been answered")
		require.Empty(t, oldest)
		time.Sleep(4 * time.Second)
	})
}
