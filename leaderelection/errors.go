package leaderelection

import (
	"errors"
	"fmt"
)

// Why a term ended: context.Cause of lead's context Is one of these.
var (
	// ErrDeadline: no renewal succeeded within RenewDeadline of the last one.
	ErrDeadline = errors.New("leadership ended: renew deadline passed")
	// ErrTaken: another holds the lock.
	ErrTaken = errors.New("leadership ended: taken by another")
	// ErrDeleted: the lock was deleted or emptied.
	ErrDeleted = errors.New("leadership ended: lock deleted or emptied")
	// ErrSteppedDown: StepDown or TransferTo was called.
	ErrSteppedDown = errors.New("leadership ended: stepped down")
	// ErrShutdown: Run's context ended.
	ErrShutdown = errors.New("leadership ended: shutting down")
)

var (
	// ErrNilElector: Run of a nil *Elector, as a constructor returns beside an
	// error. Nobody leads.
	ErrNilElector = errors.New("leaderelection: Run of a nil Elector; mend: check the error of New, or pass an untyped nil to lead without election")
	// ErrNoTerm: a [Gate] did not let a write through, or cancelled it, because
	// no valid term allows it.
	ErrNoTerm = errors.New("leaderelection: no valid term")
	// ErrLeadershipLost is what Run returns with Config.ExitOnLoss. It wraps
	// the cause.
	ErrLeadershipLost = errors.New("leaderelection: leadership lost")
	// ErrNotLeader: StepDown or TransferTo without a term.
	ErrNotLeader = errors.New("leaderelection: not the leader")
	// ErrNoSuchCandidate: TransferTo somebody who never campaigned.
	ErrNoSuchCandidate = errors.New("leaderelection: no such candidate")
	// ErrForeignRecord: the lock is held by a record that no Regent wrote, or
	// one with another lease duration; see Config.Foreign.
	ErrForeignRecord = errors.New("leaderelection: foreign record")

	// ErrStateDirInUse: another process, or another Elector of this one, has
	// held Config.StateDir for a LeaseDuration.
	ErrStateDirInUse = errors.New("leaderelection: the state directory is in use")

	errNilLead = errors.New("leaderelection: lead is nil; mend: pass the function to run while leading")
)

// FieldError is a setting that is refused. Constructors join all that they
// find.
type FieldError struct {
	// Field and Value say what was set.
	Field string
	Value any
	// Bound is what it violates, Mend what to set instead.
	Bound, Mend string
}

func (e *FieldError) Error() string {
	return fmt.Sprintf("leaderelection: %s = %v: %s; mend: %s", e.Field, e.Value, e.Bound, e.Mend)
}
