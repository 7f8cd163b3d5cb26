package controlplane_test

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/internal/controlplane"
)

// stamped is a writer that remembers when each line came.
type stamped struct {
	mu    sync.Mutex
	lines []string
	times []time.Time
}

func (s *stamped) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range bytes.Lines(p) {
		s.lines = append(s.lines, string(line))
		s.times = append(s.times, time.Now())
	}
	return len(p), nil
}

// silence returns the longest time without a line between start and now.
func (s *stamped) silence(start time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	var longest time.Duration
	for _, at := range append(s.times[:len(s.times):len(s.times)], time.Now()) {
		longest, start = max(longest, at.Sub(start)), at
	}
	return longest
}

func (s *stamped) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "")
}

func TestNeverSilent(t *testing.T) {
	source, _ := fakes(t, nil, nil)
	fetch := source.Fetch
	synctest.Test(t, func(t *testing.T) {
		start, said := time.Now(), new(stamped)
		source.Progress = said
		source.Fetch = func(ctx context.Context, work *controlplane.Work, dir string) error {
			time.Sleep(90 * time.Second) // without a word
			return fetch(ctx, work, dir)
		}
		_, err := source.Find(t.Context())
		require.NoError(t, err)
		require.GreaterOrEqual(t, time.Since(start), 90*time.Second)
		require.LessOrEqual(t, said.silence(start), 5*time.Second, said.text())
		require.Less(t, len(said.lines), 30, "a line every few seconds, not more: %s", said.text())
	})
}

func TestWarmIsSilent(t *testing.T) {
	source, _ := fakes(t, nil, nil)
	install(t, cacheOf(source), goodEtcd, goodServer)
	said := new(stamped)
	source.Progress = said
	_, err := source.Find(t.Context())
	require.NoError(t, err)
	require.Empty(t, said.text())
}
