package playtest

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// InterruptCleansUp interrupts a demonstration once it has said a piece of text,
// and finds that it says so, judges nothing, and leaves nothing behind.
func InterruptCleansUp(t *testing.T, program, piece string) {
	t.Helper()
	NeedControlPlane(t)
	p := New(t, program)
	p.Until(t, piece)
	require.NotEmpty(t, p.Processes(t))
	p.Interrupt(t)
	code, said := p.End(t)
	require.Equal(t, 130, code)
	require.Contains(t, said, "interrupted")
	require.NotContains(t, said, "PASS")
	require.NotContains(t, said, "FAIL")
}

// Fault is a flag that a demonstration refuses, and what it has to say of it.
type Fault struct{ Flag, Says string }

// FaultyFlags starts a demonstration with each of the faults, by their names,
// as a subtest.
func FaultyFlags(t *testing.T, program string, faults map[string]Fault) {
	t.Helper()
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			code, said := New(t, program, fault.Flag).End(t)
			require.Equal(t, 2, code)
			require.Contains(t, said, fault.Says)
		})
	}
}
