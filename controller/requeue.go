package controller

import (
	"errors"
	"time"
)

// RequeueAfter is what a handler returns to be called again after d, or at
// once if d is not positive. It counts as success: it is not logged, and
// resets the object's failures. The call may come earlier, when the object
// changes. Values are comparable: a test can say errors.Is(err,
// RequeueAfter(time.Minute)).
func RequeueAfter(d time.Duration) error { return requeueAfter(d) }

type requeueAfter time.Duration

func (d requeueAfter) Error() string { return "requeue after " + time.Duration(d).String() }

func asRequeue(err error) (after time.Duration, ok bool) {
	d, ok := errors.AsType[requeueAfter](err)
	return time.Duration(d), ok
}
