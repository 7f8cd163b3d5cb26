package netlab_test

import (
	"bufio"
	"context"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/netlab"
	"github.com/regent-ha/regent/internal/netlab/netlabtest"
)

// The test program started again makes a lab, says so, and waits for its end.
func TestMain(m *testing.M) {
	if name := os.Getenv("NETLAB_TEST_LAB"); name != "" {
		lab, err := netlab.New(name)
		if err == nil {
			_, err = lab.Namespace("host")
		}
		_, _ = os.Stdout.WriteString("made\n")
		if err != nil {
			panic(err)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		return
	}
	os.Exit(m.Run())
}

// names are the namespaces of all labs of a name.
func names(t *testing.T, lab string) []string {
	t.Helper()
	all, err := filepath.Glob("/run/netns/" + lab + "-*")
	require.NoError(t, err)
	return all
}

func TestStaleLabsAreRemoved(t *testing.T) {
	t.Parallel()
	netlabtest.Need(t)
	const name = "rnlstale"
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	other := exec.CommandContext(ctx, os.Args[0])
	other.Env = append(os.Environ(), "NETLAB_TEST_LAB="+name)
	_, err := other.StdinPipe() // stays open until it is killed
	require.NoError(t, err)
	out, err := other.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, other.Start())
	_, err = bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	left := names(t, name)
	require.Len(t, left, 1)

	_, err = netlab.New(name)
	require.NoError(t, err)
	require.Equal(t, left, names(t, name), "its process lives")
	require.NoError(t, other.Process.Kill())
	require.Error(t, other.Wait())
	_, err = netlab.New(name)
	require.NoError(t, err)
	require.Empty(t, names(t, name))
}

func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	netlabtest.Need(t)
	require.PanicsWithValue(t, "oops", func() {
		lab, err := netlab.New("rnlpanic")
		require.NoError(t, err)
		defer func() { require.NoError(t, lab.Close()) }()
		host, err := lab.Namespace("host")
		require.NoError(t, err)
		require.Len(t, names(t, "rnlpanic"), 1)
		_ = host.Do(func() error { panic("oops") })
	})
	require.Empty(t, names(t, "rnlpanic"))
}

func TestDoReturnsToItsNamespace(t *testing.T) {
	t.Parallel()
	lab := netlabtest.New(t, "rnldo")
	a, err := lab.Namespace("a")
	require.NoError(t, err)
	b, err := lab.Namespace("b")
	require.NoError(t, err)
	here := func() string {
		link, err := os.Readlink("/proc/thread-self/ns/net")
		require.NoError(t, err)
		return link
	}
	home := here()
	require.NoError(t, a.Do(func() error {
		inA := here()
		require.NotEqual(t, home, inA)
		require.NoError(t, b.Do(func() error {
			require.NotContains(t, []string{home, inA}, here())
			return nil
		}))
		require.Equal(t, inA, here())
		return nil
	}))
	require.Equal(t, home, here())
}

func TestNamesThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "1lab", "with-dash", "Upper", strings.Repeat("x", 17)} {
		_, err := netlab.New(name)
		require.ErrorContains(t, err, "netlab: name")
	}
}

func TestProcess(t *testing.T) {
	t.Parallel()
	lab := netlabtest.New(t, "rnlproc")
	host, err := lab.Namespace("host")
	require.NoError(t, err)
	require.NoError(t, lab.Wire(
		netlab.Port{In: host, Name: "left", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.1/24")}},
		netlab.Port{In: host, Name: "right"},
	))
	var said strings.Builder
	cmd := exec.Command("ip", "-brief", "address")
	cmd.Stdout = &said
	p, err := host.Start(cmd)
	require.NoError(t, err)
	require.NoError(t, p.Wait())
	require.Regexp(t, `left@right +UP +192\.0\.2\.1/24`, said.String())

	_, err = host.Start(exec.Command("/nonesuch"))
	require.ErrorIs(t, err, os.ErrNotExist)

	p, err = host.Start(exec.Command("sleep", "600"))
	require.NoError(t, err)
	require.NoError(t, lab.Close())
	require.ErrorContains(t, p.Wait(), "killed", "it ends with the lab")
}
