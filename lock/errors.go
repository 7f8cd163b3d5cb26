package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

var (
	// ErrNotFound: there is no such lock.
	ErrNotFound = errors.New("not found")
	// ErrConflict: the lock was changed, or created, by another.
	ErrConflict = errors.New("changed by another")
	// ErrExpired: a watch asked for a version that the store has forgotten.
	ErrExpired = errors.New("version expired")
	// ErrForbidden: the API server refuses; a *ForbiddenError has the rule
	// that is missing.
	ErrForbidden = errors.New("forbidden")
	// ErrRejected: the API server refuses for another reason than RBAC, so
	// the change was certainly not made.
	ErrRejected = errors.New("rejected")
	// ErrNewerRecord: the record was written by a later Regent.
	ErrNewerRecord = errors.New("written by a newer client")
)

// ForbiddenError is a request that RBAC refused. It Is ErrForbidden.
type ForbiddenError struct {
	Verb, Group, Resource, Namespace string
	Err                              error
}

func (e *ForbiddenError) Error() string {
	return fmt.Sprintf("%v; mend: give a Role in namespace %q the rule {apiGroups: [%q], resources: [%q], verbs: [get, create, update, watch]} (%s is what failed)",
		e.Err, e.Namespace, e.Group, e.Resource, e.Verb)
}

func (e *ForbiddenError) Unwrap() error        { return e.Err }
func (e *ForbiddenError) Is(target error) bool { return target == ErrForbidden }

// RecordError is a stored record that cannot be understood.
type RecordError struct {
	// Lock and Field say where, Value what stands there.
	Lock, Field, Value string
	// Mend is what an operator can do.
	Mend string
	Err  error
}

func (e *RecordError) Error() string {
	return fmt.Sprintf("%s: %s %.80q: %v; mend: %s", e.Lock, e.Field, e.Value, e.Err, e.Mend)
}

func (e *RecordError) Unwrap() error { return e.Err }

// Refused reports whether err means that a change was certainly not made. All
// other errors leave it open.
func Refused(err error) bool {
	return errors.Is(err, ErrConflict) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrRejected)
}

// RetryAfter is how long the API server asked to be left alone; 0 if it did
// not ask.
func RetryAfter(err error) time.Duration {
	if s, ok := apierrors.SuggestsClientDelay(err); ok {
		return time.Duration(s) * time.Second
	}
	return 0
}

// apiError adds this package's meaning to an error of the API server.
type apiError struct {
	kind error
	err  error
}

func (e *apiError) Error() string        { return e.err.Error() }
func (e *apiError) Unwrap() error        { return e.err }
func (e *apiError) Is(target error) bool { return target == e.kind }

// resource is what a Role has to name.
type resource struct{ group, resource, namespace string }

// classify turns an error of the API server into one of this package.
func (r resource) classify(verb string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case apierrors.HasStatusCause(err, "NamespaceTerminating"):
		return &apiError{ErrRejected, err}
	case apierrors.IsForbidden(err):
		return &ForbiddenError{Verb: verb, Group: r.group, Resource: r.resource, Namespace: r.namespace, Err: err}
	case apierrors.IsNotFound(err):
		return &apiError{ErrNotFound, err}
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return &apiError{ErrConflict, err}
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err):
		return &apiError{ErrExpired, err}
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsUnauthorized(err), apierrors.IsTooManyRequests(err):
		return &apiError{ErrRejected, err}
	}
	return err
}
