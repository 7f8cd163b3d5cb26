package mixed_test

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/mixed"
)

// echo is a server that sends back what it gets.
func echo(t *testing.T) (addr string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			}()
		}
	}()
	return l.Addr().String()
}

func newLink(t *testing.T) *mixed.Link {
	link, err := mixed.NewLink(echo(t))
	require.NoError(t, err)
	t.Cleanup(link.Close)
	return link
}

func dial(t *testing.T, link *mixed.Link) net.Conn {
	c, err := net.Dial("tcp", link.Addr())
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func send(t *testing.T, c net.Conn, text string) {
	t.Helper()
	_, err := io.WriteString(c, text)
	require.NoError(t, err)
}

func requireEcho(t *testing.T, c net.Conn, text string) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	got := make([]byte, len(text))
	_, err := io.ReadFull(c, got)
	require.NoError(t, err)
	require.Equal(t, text, string(got))
}

func requireSilence(t *testing.T, c net.Conn) {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(20*time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())
}

// What is sent over a cut link arrives when it is healed, on connections that
// were there and on new ones.
func TestLinkHoldsWhatIsSent(t *testing.T) {
	t.Parallel()
	for name, cut := range map[string]func(*mixed.Link){"both ways": (*mixed.Link).Cut, "answers": (*mixed.Link).CutAnswers} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			link := newLink(t)
			old := dial(t, link)
			send(t, old, "a")
			requireEcho(t, old, "a")
			cut(link)
			fresh := dial(t, link)
			for _, c := range []net.Conn{old, fresh} {
				send(t, c, "b")
				requireSilence(t, c)
			}
			link.Heal()
			for _, c := range []net.Conn{old, fresh} {
				requireEcho(t, c, "b")
			}
		})
	}
}

func TestClosedLinkBreaksConnections(t *testing.T) {
	t.Parallel()
	link := newLink(t)
	c := dial(t, link)
	send(t, c, "a")
	requireEcho(t, c, "a")
	link.Cut()
	link.Close()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	_, err := c.Read(make([]byte, 1))
	require.Error(t, err)
	_, err = net.Dial("tcp", link.Addr())
	require.Error(t, err)
}
