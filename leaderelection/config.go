package leaderelection

import (
	"log/slog"
	"time"

	"github.com/regent-ha/regent/lock"
)

// The timings that a nil LockConfig, or three zeroes in Config, stand for.
const (
	DefaultLeaseDuration = 15 * time.Second
	DefaultRenewDeadline = 10 * time.Second
	DefaultRetryPeriod   = 2 * time.Second
)

// Config describes an [Elector].
type Config struct {
	// Lock is what the candidates compete for. Required.
	Lock lock.Lock

	// LeaseDuration (L) is how long the others wait after the leader's last
	// renewal before they take over: how long nobody leads after a crash.
	// Whole seconds, at least 3 s. All candidates should have the same: another
	// one's is honoured, with ForeignGrace on top.
	LeaseDuration time.Duration
	// RenewDeadline (D) is how long after its last successful renewal was sent
	// a leader goes on: its work is cancelled then. At most 0.95·L − 0.5 s, and
	// at least 1 s below L: the rest is for the work to return in.
	RenewDeadline time.Duration
	// RetryPeriod (P) is the time between attempts after one has failed. At
	// least 500 ms, and at most (D − 500 ms) / 2: three attempts have to fit.
	// All three 0 = 15 s, 10 s, 2 s.
	RetryPeriod time.Duration

	// Identity is written to the lock as its holder, and has to be another in
	// each process, also after a restart. At most 512 bytes that can be printed.
	// "" = the pod's or host's name and a random part.
	Identity string
	// Pod names the pod for TransferTo; an earlier start of the same pod loses
	// its place in the list of candidates. "" = $POD_NAME, if that is set.
	Pod string

	// Foreign says what to do about a lock that is held by a record which no
	// Regent wrote. "" = ForeignRefuse.
	Foreign ForeignPolicy
	// ForeignGrace is how long after the expiry of such a record, or of one with
	// another duration, it is left alone: client-go's leader can work for up to
	// 7 s longer than its lease lasts (at 15 s / 10 s / 2 s), and if it releases
	// on cancel and its last renewal was answered late, for up to 17 s.
	// 0 = RenewDeadline. Not negative.
	ForeignGrace time.Duration

	// DrainTimeout is how long after its cancellation the work may take to
	// return before that is reported, and then again each time it has passed.
	// It ends nothing: the lock is kept. 0 = 2·RenewDeadline, so that a
	// Controller, whose drain may take as long as RenewDeadline, reports first.
	// Not negative.
	DrainTimeout time.Duration
	// OnOverrun is called with each such report, beside the log. A program
	// that would rather end than drain on may end itself here. Like OnFence it
	// is called on a goroutine of its own. Optional.
	OnOverrun func(Overrun)
	// OnFence is called when the work of a term has not returned and the lease
	// is about to expire, because no renewal succeeds: another may lead
	// from 0.05·L later on. A program that must not overlap ends itself here,
	// at once. nil = an error in the log.
	OnFence func(Fence)

	// ExitOnLoss: Run returns ErrLeadershipLost after a loss instead of
	// campaigning again.
	ExitOnLoss bool

	// StateDir is a directory in which this process proves to the next one that
	// it is gone: a container that crashes and restarts in its pod (in an
	// emptyDir, say) leads again at once, instead of waiting for its own lease
	// to expire. An absolute path to a directory that exists, is writable, and
	// is on a filesystem of this host (ext2 to ext4, xfs, btrfs, zfs, f2fs,
	// bcachefs, overlayfs, tmpfs, ramfs): Linux only. Each Elector needs one of
	// its own, which Run holds from beginning to end: another that finds it in
	// use waits for LeaseDuration, and then returns ErrStateDirInUse. A copied
	// directory, or one from another host or boot, is no proof: the lease is
	// waited for, as it is in a lock that is two (lock.KindMulti, [lock.Join]).
	// "" = none.
	StateDir string

	// Observers are told what happens, in order. See [Observer].
	Observers []Observer
	// Events writes Kubernetes Events. nil = none.
	Events *KubernetesEvents
	// Logger: nil = slog.Default().
	Logger *slog.Logger

	// nonce is what each of this process's writes begins with; "" = random.
	nonce string

	// JitterSeed is where the random parts of intervals come from. 0 = random.
	// For tests that have to be reproducible.
	JitterSeed uint64
	// StateFiles stands in for the system's files and locks, on which StateDir
	// rests. nil = these. For tests.
	StateFiles StateFiles
	// Now is a clock that never goes back, from any origin. nil = one that
	// goes on while the machine sleeps, where the system has one
	// (CLOCK_BOOTTIME). For tests.
	Now func() time.Duration
}

// ForeignPolicy says what to do about records that no Regent wrote.
type ForeignPolicy string

const (
	// ForeignRefuse leaves them alone, whatever their age; Check and Status
	// say so. A lock that was released is taken all the same.
	ForeignRefuse ForeignPolicy = "Refuse"
	// ForeignAllow takes them over, ForeignGrace after their expiry: for a
	// fleet in which client-go, controller-runtime or kooper take part.
	ForeignAllow ForeignPolicy = "Allow"
)

// Overrun is work that has not returned in time.
type Overrun struct {
	// Token is the term's, Cause why it ended.
	Token uint64
	Cause error
	// For is the time since its cancellation.
	For time.Duration
}

// Fence is work that still runs when its lease is about to expire.
type Fence struct {
	// Token is the term's, Cause why it ended; nil if its end was noticed only
	// now.
	Token uint64
	Cause error
}

// first is R0, when the first renewal starts after the last one.
func (c Config) first() time.Duration {
	return min(c.LeaseDuration/3, c.RenewDeadline-2*c.RetryPeriod)
}

// fence is how long after a renewal its lease counts as good: clock rates may
// differ by 5 %.
func (c Config) fence() time.Duration { return c.LeaseDuration - c.LeaseDuration/20 }
