package controller_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/controller"
)

func TestCheckSaysWhetherItCouldLead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, s := newCluster("a"), newSwitchboard()
		c.setFault(errors.New("no rights"))
		ctrl := controller.New(nil, &journal{}, c, s, nil, slog.New(slog.DiscardHandler))
		require.EqualError(t, ctrl.Check(nil), "controller: it does not run")
		ctx, end := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- ctrl.Run(ctx) }()
		time.Sleep(time.Second)
		require.ErrorContains(t, ctrl.Check(nil), "controller: no list of the objects yet: ")
		require.ErrorContains(t, ctrl.Check(nil), "no rights")
		c.setFault(nil)
		time.Sleep(time.Minute)
		require.NoError(t, ctrl.Check(nil), "leading or not")
		c.setFault(errors.New("down"))
		c.breakWatches(nil)
		time.Sleep(time.Minute)
		require.NoError(t, ctrl.Check(nil), "it can lead with what it knows")
		end()
		require.NoError(t, <-done)
		require.Error(t, ctrl.Check(nil))
	})
	require.ErrorIs(t, (*controller.Controller)(nil).Check(nil), controller.ErrNilController)
}
