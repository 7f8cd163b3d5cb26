package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
)

const (
	// syncLogInterval is how often a wait for the first sync is logged.
	syncLogInterval = 10 * time.Second
	// A list or watch that lasted this long is no failure to back off from.
	healthyAfter = 2 * time.Minute
)

// relistBackoff is client-go's, but for its end: at most one attempt in 5 to
// 10 s, instead of 30 to 60 s, of each replica while the API server is ill. A
// leader that is back on the network works on what it saw before.
func relistBackoff() wait.Backoff {
	return wait.Backoff{Duration: 800 * time.Millisecond, Factor: 2, Jitter: 1, Steps: 38, Cap: 5 * time.Second}
}

// informer keeps a store in sync, through a reflector, until its context ends.
type informer struct {
	store  *store
	logger *slog.Logger
	done   chan struct{}
	wake   chan struct{} // ends a pause

	mu      sync.Mutex // guards the fields below
	lastErr error
	closed  bool
	calls   sync.WaitGroup // of the Retriever; Add with mu held, while not closed
}

// startInformer starts one that ends when ctx does.
func startInformer(ctx context.Context, r Retriever, logger *slog.Logger) *informer {
	in := &informer{store: newStore(), logger: logger, done: make(chan struct{}), wake: make(chan struct{}, 1)}
	source := cache.ToListWatcherWithWatchListSemantics(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
			return call(ctx, in, r.List, opts)
		},
		WatchFuncWithContext: func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
			return call(ctx, in, in.watching(r), opts)
		},
	}, streaming(r))
	// client-go logs through the logger in its context.
	log := logr.FromSlogHandler(logger.Handler())
	backoff := relistBackoff()
	reflector := cache.NewReflectorWithOptions(source, nil, in.store, cache.ReflectorOptions{
		Logger: &log, Name: "informer", TypeDescription: "objects", Backoff: &backoff,
	})
	go func() {
		defer close(in.done)
		var told sync.WaitGroup
		defer told.Wait()
		told.Go(func() { in.tellSynced(ctx) })
		in.reflect(logr.NewContext(ctx, log), reflector)
	}()
	return in
}

// reflect lists and watches, again and again. It is Reflector.RunWithContext,
// but for its errors: that gives them to process-global handlers.
func (in *informer) reflect(ctx context.Context, r *cache.Reflector) {
	backoff := relistBackoff()
	for {
		start := time.Now()
		err := r.ListAndWatchWithContext(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(start) > healthyAfter {
			backoff = relistBackoff()
		}
		delay := backoff.Step()
		if err != nil {
			in.fail(err)
			in.logger.Warn("list or watch failed", "error", err, "retry_in", delay)
		}
		select {
		case <-ctx.Done():
			return
		case <-in.wake:
			backoff = relistBackoff()
		case <-time.After(delay):
		}
	}
}

// refresh ends a pause between two attempts to list or watch, if there is one:
// who was just elected has heard from the API server.
func (in *informer) refresh() {
	select {
	case in.wake <- struct{}{}:
	default:
	}
}

// call joins a call of the Retriever: the reflector does not wait for a list
// when its context ends.
func call[T any](ctx context.Context, in *informer, f func(context.Context, metav1.ListOptions) (T, error), opts metav1.ListOptions) (T, error) {
	in.mu.Lock()
	if in.closed {
		in.mu.Unlock()
		var none T
		return none, context.Canceled
	}
	in.calls.Add(1)
	in.mu.Unlock()
	defer in.calls.Done()
	return f(ctx, opts)
}

// watching is the Retriever's Watch, for a reflector: that keeps an API server
// which is down, or overloaded, to itself.
func (in *informer) watching(r Retriever) func(context.Context, metav1.ListOptions) (watch.Interface, error) {
	return func(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
		w, err := r.Watch(ctx, opts)
		switch {
		case err == nil && w == nil:
			return nil, fmt.Errorf("controller: Watch of %T returned neither a watch nor an error", r)
		case err == nil:
			return w, nil
		case !utilnet.IsConnectionRefused(err) && !apierrors.IsTooManyRequests(err):
			return nil, err
		case opts.SendInitialEvents != nil && *opts.SendInitialEvents:
			// It would sleep on these up to a minute, whatever its context
			// says. Unrecognised, they make it list, which fails likewise, and
			// brings us to the pause that can end.
			return nil, fmt.Errorf("controller: stream the first list: %v", err) //nolint:errorlint // the point
		}
		in.logger.Warn("watch failed; it is tried again with backoff", "error", err)
		return nil, err
	}
}

func (in *informer) fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.lastErr = err
}

func (in *informer) failure() error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.lastErr == nil {
		return errors.New("none yet: the first list has not been answered")
	}
	return in.lastErr
}

// wait returns when nothing of an informer runs whose context has ended.
func (in *informer) wait() {
	<-in.done
	in.mu.Lock()
	in.closed = true
	in.mu.Unlock()
	in.calls.Wait()
}

func (in *informer) hasSynced() bool {
	select {
	case <-in.store.synced:
		return true
	default:
		return false
	}
}

// waitSynced reports whether the first sync came before the end of ctx.
func (in *informer) waitSynced(ctx context.Context) bool {
	select {
	case <-ctx.Done():
		return false
	case <-in.store.synced:
		return ctx.Err() == nil
	}
}

// tellSynced logs the first sync, and that it is still missing.
func (in *informer) tellSynced(ctx context.Context) {
	start := time.Now()
	ticker := time.NewTicker(syncLogInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-in.store.synced:
			in.logger.Info("synced", "objects", len(in.store.keys()), "took", time.Since(start))
			return
		case <-ticker.C:
			in.logger.Warn("still waiting for the first list; this replica does not campaign before",
				"waited", time.Since(start), "error", in.failure())
		}
	}
}
