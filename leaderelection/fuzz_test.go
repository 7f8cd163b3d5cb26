package leaderelection_test

import (
	"context"
	"log/slog"
	"math/big"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
	"github.com/regent-ha/regent/lock/locktest"
)

// FuzzConfig: no configuration panics; one that is refused says how to mend it;
// one that is accepted keeps all bounds, in arithmetic that does not overflow.
func FuzzConfig(f *testing.F) {
	second := int64(time.Second)
	for _, t := range [][3]int64{
		{0, 0, 0},
		{15 * second, 10 * second, 2 * second}, {60 * second, 40 * second, 10 * second}, {35 * second, 30 * second, 5 * second},
		{5 * second, 3 * second, second}, {3 * second, 2 * second, second / 2}, // accepted
		{15 * second, 14 * second, 4 * second}, {1_900_000_000, 1_800_000_000, 400_000_000}, {1<<63 - 1, 1 << 62, 1 << 61},
		{15 * second, 10 * second, 1<<62 + 5}, {-1 << 63, -1, -1 << 63},
	} {
		f.Add(t[0], t[1], t[2], int64(0), int64(0), "", "", "", uint8(0))
	}
	f.Add(int64(0), int64(0), int64(0), int64(-1), int64(1<<63-1), "a\nb", "\xff", "Allow", uint8(7))
	f.Add(15*second, 10*second, 2*second, int64(1<<31-1)*second, int64(1), "a", "pod-a", "Allow", uint8(8))
	f.Fuzz(func(t *testing.T, l, d, p, grace, drain int64, identity, pod, foreign string, odd uint8) {
		cfg := leaderelection.Config{
			Lock:          locktest.NewStore().Client("lock"),
			LeaseDuration: time.Duration(l), RenewDeadline: time.Duration(d), RetryPeriod: time.Duration(p),
			ForeignGrace: time.Duration(grace), DrainTimeout: time.Duration(drain),
			Identity: identity, Pod: pod, Foreign: leaderelection.ForeignPolicy(foreign),
			Logger: slog.New(slog.DiscardHandler), ExitOnLoss: odd&8 != 0, JitterSeed: uint64(odd),
		}
		switch odd & 7 {
		case 1:
			cfg.Lock = nil
		case 2:
			cfg.Lock = (*lock.Lease)(nil)
		case 3:
			cfg.Observers = []leaderelection.Observer{nil}
		case 4:
			cfg.Events = &leaderelection.KubernetesEvents{}
		}
		e, err := leaderelection.NewElector(cfg)
		if faulty := 1 <= odd&7 && odd&7 <= 4; faulty {
			require.Error(t, err)
		}
		if err != nil {
			require.Nil(t, e)
			require.ErrorContains(t, err, "; mend: ")
			var field *leaderelection.FieldError
			require.ErrorAs(t, err, &field)
			return
		}
		if l == 0 && d == 0 && p == 0 {
			l, d, p = int64(leaderelection.DefaultLeaseDuration), int64(leaderelection.DefaultRenewDeadline), int64(leaderelection.DefaultRetryPeriod)
		}
		requireBounds(t, l, d, p)
		for _, n := range []int64{grace, drain} {
			require.GreaterOrEqual(t, n, int64(0))
			require.Less(t, n, 1<<31*second)
		}
		s := e.Status()
		require.NoError(t, s.Err)
		require.NotEmpty(t, s.Identity)
		require.False(t, s.Leader)
		synctest.Test(t, func(t *testing.T) { requireElects(t, cfg) })
	})
}

// requireElects requires that a lone candidate leads, drains and stops.
func requireElects(t *testing.T, cfg leaderelection.Config) {
	t.Helper()
	cfg.Lock, cfg.Now = locktest.NewStore().Client("lock"), locktest.Clock()
	e, err := leaderelection.NewElector(cfg)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		done <- e.Run(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			time.Sleep(10 * time.Millisecond)
			return nil
		})
	}()
	time.Sleep(time.Second)
	require.True(t, e.IsLeader())
	cancel()
	require.NoError(t, <-done)
	require.False(t, e.IsLeader())
}

// requireBounds requires what promise 1 rests on, of nanoseconds.
func requireBounds(t *testing.T, l, d, p int64) {
	t.Helper()
	ns := big.NewInt
	times := func(k, x int64) *big.Int { return new(big.Int).Mul(ns(k), ns(x)) }
	less := func(x *big.Int, y int64) *big.Int { return new(big.Int).Sub(x, ns(y)) }
	atLeast := func(x, y *big.Int, what string) {
		t.Helper()
		require.GreaterOrEqual(t, x.Cmp(y), 0, "%s: L=%v D=%v P=%v", what, time.Duration(l), time.Duration(d), time.Duration(p))
	}
	second := int64(time.Second)
	require.Zero(t, l%second, "whole seconds: %v", time.Duration(l))
	atLeast(ns(l), ns(3*second), "L ≥ 3 s")
	atLeast(ns(1<<31*second), ns(l), "L fits a Lease")
	atLeast(ns(p), ns(second/2), "P ≥ 500 ms")
	atLeast(less(times(19, l), 10*second), times(20, d), "D ≤ 0.95·L − 0.5 s")
	atLeast(less(ns(l), d), ns(second), "L − D ≥ 1 s")
	atLeast(ns(d), new(big.Int).Add(times(2, p), ns(second/2)), "D − 2P ≥ 500 ms")
}
