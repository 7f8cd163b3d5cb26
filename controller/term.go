package controller

import (
	"context"
	"log/slog"
	goruntime "runtime"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/regent-ha/regent/leaderelection"
)

// term is the work of one term: its queue, its failures, its workers. Nothing
// of it lives longer.
type term struct {
	cfg      Config
	handler  Handler
	deletion DeletionHandler // nil: nobody wants to know
	store    *store
	metrics  MetricsRecorder
	logger   *slog.Logger
	queue    queue
	workers  sync.WaitGroup
	overrun  sync.Once // is counted once
	unqueued int       // keys that the pass at the beginning did not come to

	mu      sync.Mutex              // guards the fields below
	gone    map[string][]*tombstone // by key, the oldest first
	running map[string]time.Time    // keys in flight, since when
	drained int                     // calls that ended after the term did
}

// tombstone is a deletion that has not been handled.
type tombstone struct {
	last  runtime.Object
	tried bool
}

// lead works until ctx, which is a term's, has ended and all handlers have
// returned.
func lead(ctx context.Context, cfg Config, handler Handler, ins *informers, metrics MetricsRecorder, logger *slog.Logger) error {
	granted, ok := leaderelection.TermFromContext(ctx)
	if ok {
		logger = logger.With("token", granted.Token())
	}
	t := &term{
		cfg: cfg, handler: handler, store: ins.own.store, metrics: metrics, logger: logger,
		queue: newQueue(cfg, metrics), gone: make(map[string][]*tombstone), running: make(map[string]time.Time),
	}
	t.deletion, _ = handler.(DeletionHandler)
	// A handler's context has the term's values, and an end of its own.
	handlers, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	defer cancel(nil)

	metrics.Leading(cfg.Name, true)
	defer metrics.Leading(cfg.Name, false)
	defer metrics.QueueDepth(cfg.Name, 0)
	defer t.listen(ins)()
	keys := t.store.keys()
	logger.Info("leading: handling all objects", "objects", len(keys), "workers", cfg.ConcurrentWorkers)

	defer t.queue.ShutDown() // also waits for the one below
	defer context.AfterFunc(ctx, t.queue.ShutDown)()
	for range cfg.ConcurrentWorkers {
		t.workers.Go(func() { t.work(ctx, handlers, granted) })
	}
	t.workers.Go(func() { t.resync(ctx) })
	t.unqueued = t.pass(ctx, keys)
	<-ctx.Done()
	t.drain(ctx, granted, cancel)
	return nil
}

// listen queues what changes from now on. A pass that begins later leaves no
// gap between the two.
func (t *term) listen(ins *informers) (stop func()) {
	t.store.attach(t)
	others := make([]*related, len(ins.relations))
	for i, r := range ins.relations {
		others[i] = &related{term: t, relation: r}
		ins.related[i].store.attach(others[i])
	}
	return func() {
		t.store.detach(t)
		for i, r := range others {
			ins.related[i].store.detach(r)
		}
	}
}

// pass queues the keys of all objects, for workers that take the first while
// the last are still to come. It returns how many it left out because the term
// had ended.
func (t *term) pass(ctx context.Context, keys []string) (left int) {
	for i, key := range keys {
		if ctx.Err() != nil {
			return len(keys) - i
		}
		t.queue.Add(key)
		if i < t.cfg.ConcurrentWorkers {
			// Whom it woke would lose the queue's lock to this loop, again and
			// again, until the mutex becomes fair: for a millisecond.
			goruntime.Gosched()
		}
	}
	return 0
}

// work handles one key after another until ctx ends.
func (t *term) work(ctx, handlers context.Context, granted *leaderelection.Term) {
	ended := false
	defer func() {
		if !ended { // a handler called runtime.Goexit
			t.workers.Go(func() { t.work(ctx, handlers, granted) })
		}
	}()
	for {
		key, shut := t.queue.Get()
		if !shut {
			awaitValid(ctx, granted)
		}
		if shut || ctx.Err() != nil {
			ended = true
			return
		}
		t.attempt(ctx, handlers, key)
	}
}

// validInterval is how often a worker looks again at a term that has expired.
const validInterval = 100 * time.Millisecond

// awaitValid returns while the term is valid, or when ctx has ended. After its
// deadline one of the two is about to come: mostly the end, of which a machine
// that was asleep is told late; but a renewal may have been answered at the last
// moment, and not have moved the deadline yet.
func awaitValid(ctx context.Context, granted *leaderelection.Term) {
	for granted != nil && !granted.Valid() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(validInterval):
		}
	}
}

// resync queues all objects, again and again.
func (t *term) resync(ctx context.Context) {
	ticker := time.NewTicker(t.cfg.ResyncInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			for _, key := range t.store.keys() {
				t.queue.Add(key)
			}
		}
	}
}

// changed implements listener.
func (t *term) changed(key string, _, _ runtime.Object) { t.queue.Add(key) }

// deleted implements listener.
func (t *term) deleted(key string, _, last runtime.Object) {
	if t.deletion == nil {
		return
	}
	t.mu.Lock()
	t.gone[key] = append(t.gone[key], &tombstone{last: last})
	t.mu.Unlock()
	t.queue.Add(key)
}
