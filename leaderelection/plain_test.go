package leaderelection_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
)

func TestPlainDoesNothingInAContextThatHasEnded(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, leaderelection.Plain{}.Run(ctx, func(context.Context) error {
		t.Error("it leads")
		return nil
	}))
}
