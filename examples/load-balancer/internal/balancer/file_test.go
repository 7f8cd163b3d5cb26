package balancer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A file that is refused changes nothing, and is told of until it is mended.
func TestBadFileChangesNothing(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1"), nil, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, service("10.0.0.1")+"bogus: 1\nlisten: x\n")
		wait(3 * time.Second)
		r := s.Report().File
		require.Len(t, r.Faults, 2)
		require.Contains(t, r.Faults[0], ":8: bogus 1 is not known; mend:")
		require.Contains(t, r.Faults[1], ":9: listen x is no address with a port")
		require.False(t, r.RefusedSince.IsZero())
		require.Equal(t, 2, strings.Count(s.log.String(), "the file is refused\" fault="), "told once")
		require.Len(t, s.forwarder.Applied(), 1)
		require.NoError(t, s.Ready(), "it goes on with what it had")

		s.write(t, service("10.0.0.1", "10.0.0.2"))
		wait(3 * time.Second)
		require.Empty(t, s.Report().File.Faults)
		require.Equal(t, []string{"10.0.0.1:80", "10.0.0.2:80"}, s.endpoints())
	})
}

// As it was before is as good as mended.
func TestBadFileTakenBack(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1"), nil, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, "seed: 2\nservices: []\n")
		wait(3 * time.Second)
		require.Contains(t, s.Report().File.Faults[0], ":1: seed is not what it was when the load balancer started; mend: restart it")
		require.NoError(t, os.Remove(s.file))
		wait(3 * time.Second)
		require.Contains(t, s.Report().File.Faults[0], "no such file")
		s.write(t, service("10.0.0.1"))
		wait(3 * time.Second)
		require.Empty(t, s.Report().File.Faults)
		require.Len(t, s.forwarder.Applied(), 1)
	})
}

// Half a file may be right by itself. It is not taken while it is written.
func TestHalfWrittenFile(t *testing.T) {
	t.Parallel()
	whole := service("10.0.0.1", "10.0.0.2", "10.0.0.3")
	play(t, whole, nil, func(t *testing.T, s *stage) {
		wait(3*time.Second + 100*time.Millisecond)
		for _, e := range []string{"10.0.0.7", "10.0.0.8", "10.0.0.9"} { // another content at each look
			s.write(t, service(e))
			wait(500 * time.Millisecond)
		}
		s.write(t, whole)
		wait(3 * time.Second)
		require.Len(t, s.forwarder.Applied(), 1)
	})
}

// SIGHUP says that it is complete.
func TestReloadAtOnce(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1 weight 2"), nil, func(t *testing.T, s *stage) {
		wait(3*time.Second + 100*time.Millisecond)
		s.write(t, service("10.0.0.1 weight 3"))
		s.Reload()
		wait(60 * time.Millisecond)
		require.Equal(t, []string{"10.0.0.1:80 weight 3"}, s.endpoints())
		require.Contains(t, s.log.String(), "as it was asked for")
	})
}

// The ways in which files are replaced.
func TestReplacedFile(t *testing.T) {
	t.Parallel()
	for name, replace := range map[string]func(t *testing.T, file string, content []byte){
		"in place": func(t *testing.T, file string, content []byte) {
			require.NoError(t, os.WriteFile(file, content, 0o600))
		},
		"an editor's rename": func(t *testing.T, file string, content []byte) {
			require.NoError(t, os.WriteFile(file+".swp", content, 0o600))
			require.NoError(t, os.Rename(file+".swp", file))
		},
		"removed and written anew": func(t *testing.T, file string, content []byte) {
			require.NoError(t, os.Remove(file))
			require.NoError(t, os.WriteFile(file, content, 0o600))
		},
		"a ConfigMap": func(t *testing.T, file string, content []byte) {
			dir := filepath.Dir(file)
			for _, version := range []string{"..1", "..2"} { // the kubelet's: lb.yaml -> ..data/lb.yaml, ..data -> ..2
				require.NoError(t, os.Mkdir(filepath.Join(dir, version), 0o700))
				require.NoError(t, os.WriteFile(filepath.Join(dir, version, "lb.yaml"), content, 0o600))
				require.NoError(t, os.Symlink(version, filepath.Join(dir, "..data_tmp")))
				require.NoError(t, os.Rename(filepath.Join(dir, "..data_tmp"), filepath.Join(dir, "..data")))
				_ = os.Remove(file)
				require.NoError(t, os.Symlink(filepath.Join("..data", "lb.yaml"), file))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, service("10.0.0.1"), nil, func(t *testing.T, s *stage) {
				wait(3 * time.Second)
				replace(t, s.file, []byte(service("10.0.0.1 weight 9")))
				wait(3 * time.Second)
				require.Equal(t, []string{"10.0.0.1:80 weight 9"}, s.endpoints())
				require.Empty(t, s.Report().File.Faults)
			})
		})
	}
}

// The endpoint that is replaced serves until there is a verdict on the one that
// replaces it: no moment is without.
func TestReplacedEndpoint(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2"), func(s *stage) { s.fall(errSick, "10.0.0.9:80") }, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, service("10.0.0.8", "10.0.0.9"))
		wait(1100 * time.Millisecond)
		require.Len(t, s.forwarder.Applied(), 1, "10.0.0.9 is unknown")
		s.fall(errSick, "10.0.0.1:80")
		wait(10 * time.Second)
		require.Equal(t, []string{"10.0.0.8:80", "10.0.0.9:80 down"}, s.endpoints())
		for _, cfg := range s.forwarder.Applied() {
			serving := 0
			for _, e := range cfg.Services[0].Endpoints {
				if !e.Down {
					serving++
				}
			}
			require.NotZero(t, serving)
		}
	})
}

// What is taken away while it is awaited is not waited for.
func TestFileOvertakesAnother(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1"), func(s *stage) { s.fall(errSick, "10.0.0.9:80") }, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, service("10.0.0.9"))
		wait(1100 * time.Millisecond)
		require.Equal(t, 1, s.Report().File.Waiting)
		s.write(t, service("10.0.0.1 weight 5"))
		wait(1100 * time.Millisecond)
		require.Equal(t, []string{"10.0.0.1:80 weight 5"}, s.endpoints())
		require.Len(t, s.forwarder.Applied(), 2)
	})
}

// While a file waits for verdicts, what is forwarded is still probed.
func TestDeathWhileAFileWaits(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1", "10.0.0.2"), func(s *stage) { s.fall(errSick, "10.0.0.9:80") }, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, service("10.0.0.9")+"  probe: {type: tcp, interval: 5s, noticeWithin: 1m}\n")
		wait(1100 * time.Millisecond)
		require.Equal(t, 1, s.Report().File.Waiting)
		s.fall(errSick, "10.0.0.1:80")
		wait(2500 * time.Millisecond)
		require.Equal(t, 1, s.Report().File.Waiting)
		require.Equal(t, []string{"10.0.0.1:80 down", "10.0.0.2:80"}, s.endpoints())
		wait(5 * time.Second)
		require.Equal(t, []string{"10.0.0.9:80 down"}, s.endpoints())
	})
}

// A verdict is not remembered for an endpoint that was not probed since.
func TestVerdictsAreForgotten(t *testing.T) {
	t.Parallel()
	play(t, service("10.0.0.1"), func(s *stage) { s.fall(errSick, "10.0.0.9:80") }, func(t *testing.T, s *stage) {
		wait(3 * time.Second)
		s.write(t, service("10.0.0.1", "10.0.0.8", "10.0.0.9")+"  probe: {type: tcp, interval: 5s, noticeWithin: 1m}\n")
		wait(4 * time.Second)
		require.Equal(t, 1, s.Report().File.Waiting, "10.0.0.8 is up")
		s.write(t, service("10.0.0.1", "10.0.0.9")+"  probe: {type: tcp, interval: 5s, noticeWithin: 1m}\n")
		wait(1100 * time.Millisecond)
		s.fall(errSick, "10.0.0.8:80")
		s.write(t, service("10.0.0.8"))
		wait(1100 * time.Millisecond)
		require.Equal(t, 1, s.Report().File.Waiting, "10.0.0.8 is unknown again")
		require.Equal(t, []string{"10.0.0.1:80"}, s.endpoints())
	})
}
