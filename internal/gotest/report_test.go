package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReport(t *testing.T) {
	t.Parallel()
	const stream = `
{"Time":"2026-01-01T00:00:00Z","Action":"start","Package":"github.com/regent-ha/regent/lock"}
{"Time":"2026-01-01T00:00:00Z","Action":"run","Package":"github.com/regent-ha/regent/lock","Test":"TestA"}
{"Time":"2026-01-01T00:00:00Z","Action":"output","Package":"github.com/regent-ha/regent/lock","Test":"TestA","Output":"noise of a test that passes\n"}
{"Action":"attr","Package":"github.com/regent-ha/regent/lock","Test":"TestA","Key":"states","Value":"12 of 12"}
{"Action":"pass","Package":"github.com/regent-ha/regent/lock","Test":"TestA"}
{"Action":"run","Package":"github.com/regent-ha/regent/lock","Test":"TestB"}
{"Action":"output","Package":"github.com/regent-ha/regent/lock","Test":"TestB","Output":"=== RUN   TestB\n"}
{"Action":"output","Package":"github.com/regent-ha/regent/lock","Test":"TestB","Output":"    b_test.go:1: needs root\n"}
{"Action":"skip","Package":"github.com/regent-ha/regent/lock","Test":"TestB"}
{"Action":"pass","Package":"github.com/regent-ha/regent/lock","Elapsed":1.25}
{"Action":"start","Package":"github.com/regent-ha/regent/bgp"}
{"Action":"run","Package":"github.com/regent-ha/regent/bgp","Test":"TestC"}
{"Action":"output","Package":"github.com/regent-ha/regent/bgp","Test":"TestC","Output":"    c_test.go:1: it broke\n"}
{"Action":"fail","Package":"github.com/regent-ha/regent/bgp","Test":"TestC"}
{"Action":"run","Package":"github.com/regent-ha/regent/bgp","Test":"TestD"}
{"Action":"output","Package":"github.com/regent-ha/regent/bgp","Test":"TestD","Output":"panic: oh\n"}
{"Action":"fail","Package":"github.com/regent-ha/regent/bgp","Elapsed":2}
{"Action":"build-output","ImportPath":"github.com/regent-ha/regent/ha","Output":"ha.go:1: syntax error\n"}
not JSON
`
	var out strings.Builder
	r := newReport(&out)
	lines := make(chan line)
	go scan(strings.NewReader(strings.TrimPrefix(stream, "\n")), lines)
	for l := range lines {
		r.take(l)
	}
	r.summary()
	got := out.String()
	require.NotContains(t, got, "noise")
	for _, want := range []string{
		"ok    lock                                             1 tests, 1 skipped, 1.2s\n",
		"      lock states: 12 of 12\n",
		"c_test.go:1: it broke\n", "panic: oh\n", "FAIL  bgp", "1 of 1 tests failed",
		"ha.go:1: syntax error\n", "not JSON\n",
		"skipped: lock TestB: b_test.go:1: needs root\n",
		"1 tests passed, 1 failed, 1 skipped\n",
	} {
		require.Contains(t, got, want)
	}
}

func TestRunning(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	r := newReport(&out)
	r.running(time.Time{})
	require.Equal(t, "...   compiling\n", out.String())

	out.Reset()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"", "TestA", "TestA/x", "TestB"} {
		r.take(line{Action: "run", Package: "github.com/regent-ha/regent/lock", Test: name, Time: start})
	}
	r.take(line{Action: "pause", Package: "github.com/regent-ha/regent/lock", Test: "TestB"})
	r.running(start.Add(12 * time.Second))
	require.Equal(t, "...   lock TestA/x (12s)\n", out.String())
}
