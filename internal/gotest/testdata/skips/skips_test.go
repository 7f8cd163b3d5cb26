// Package skips has a test that passes and one that skips, for the test of
// gotest.
package skips

import "testing"

func TestPasses(*testing.T) {}

func TestSkips(t *testing.T) { t.Skip("needs a unicorn") }
