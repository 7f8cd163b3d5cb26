package lock_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/lock"
)

func TestAPIErrorsGetAMeaning(t *testing.T) {
	terminating := apierrors.NewForbidden(leaseResource, "lock", errors.New("the namespace is being terminated"))
	terminating.ErrStatus.Details.Causes = []metav1.StatusCause{{Type: "NamespaceTerminating"}}
	sentinels := []error{lock.ErrNotFound, lock.ErrConflict, lock.ErrExpired, lock.ErrForbidden, lock.ErrRejected}
	for name, tc := range map[string]struct {
		err     error
		is      error // of sentinels; nil = none
		refused bool
		after   time.Duration
	}{
		"not found":             {err: apierrors.NewNotFound(leaseResource, "lock"), is: lock.ErrNotFound, refused: true},
		"conflict":              {err: apierrors.NewConflict(leaseResource, "lock", errors.New("x")), is: lock.ErrConflict, refused: true},
		"already exists":        {err: apierrors.NewAlreadyExists(leaseResource, "lock"), is: lock.ErrConflict, refused: true},
		"expired":               {err: apierrors.NewResourceExpired("x"), is: lock.ErrExpired},
		"gone":                  {err: &apierrors.StatusError{ErrStatus: metav1.Status{Reason: metav1.StatusReasonGone, Code: http.StatusGone, Message: "x"}}, is: lock.ErrExpired},
		"forbidden":             {err: apierrors.NewForbidden(leaseResource, "lock", errors.New("x")), is: lock.ErrForbidden, refused: true},
		"namespace terminating": {err: terminating, is: lock.ErrRejected, refused: true},
		"invalid":               {err: apierrors.NewInvalid(metav1.SchemeGroupVersion.WithKind("Lease").GroupKind(), "lock", nil), is: lock.ErrRejected, refused: true},
		"bad request":           {err: apierrors.NewBadRequest("x"), is: lock.ErrRejected, refused: true},
		"unauthorized":          {err: apierrors.NewUnauthorized("x"), is: lock.ErrRejected, refused: true},
		"too many requests":     {err: apierrors.NewTooManyRequests("x", 7), is: lock.ErrRejected, refused: true, after: 7 * time.Second},
		"server timeout":        {err: apierrors.NewServerTimeout(leaseResource, "update", 3), after: 3 * time.Second},
		"timeout":               {err: apierrors.NewTimeoutError("x", 2), after: 2 * time.Second},
		"internal":              {err: apierrors.NewInternalError(errors.New("x"))},
		"unavailable":           {err: apierrors.NewServiceUnavailable("x")},
		"generic 500":           {err: apierrors.NewGenericServerResponse(http.StatusBadGateway, "update", leaseResource, "lock", "x", 0, true)},
		"connection refused":    {err: errors.New("dial tcp: connection refused")},
		"cancelled":             {err: context.Canceled},
		"deadline":              {err: context.DeadlineExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			l, m := newLock(t)
			m.fail(tc.err)
			_, err := l.Swap(t.Context(), insert(t), lock.Record{Nonce: "n"})
			require.ErrorIs(t, err, tc.err)
			require.ErrorContains(t, err, tc.err.Error(), "nothing of the server's words is lost")
			for _, s := range sentinels {
				require.Equal(t, s == tc.is, errors.Is(err, s), "%v", s) //nolint:errorlint // a sentinel itself
			}
			require.Equal(t, tc.refused, lock.Refused(err))
			require.Equal(t, tc.after, lock.RetryAfter(err))
		})
	}
}

// insert returns a snapshot that a Lease accepts.
func insert(t *testing.T) lock.Snapshot {
	l, _ := newLock(t)
	s, err := l.Insert(t.Context(), lock.Record{Nonce: "first"})
	require.NoError(t, err)
	return s
}

func TestForbiddenNamesTheRule(t *testing.T) {
	l, m := newLock(t)
	m.fail(apierrors.NewForbidden(leaseResource, "lock", errors.New("no rule")))
	_, err := l.Watch(t.Context(), "")
	var forbidden *lock.ForbiddenError
	require.ErrorAs(t, err, &forbidden)
	require.Equal(t, "watch", forbidden.Verb)
	require.ErrorContains(t, err, `mend: give a Role in namespace "default" the rule {apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: [get, create, update, watch]} (watch is what failed)`)
}

func TestRefusedLeavesTheRestOpen(t *testing.T) {
	require.False(t, lock.Refused(nil))
	require.Zero(t, lock.RetryAfter(nil))
	require.False(t, lock.Refused(errors.New("connection reset")))
}
