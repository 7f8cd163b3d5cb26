package controller

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
)

// attempt calls the handler once for a key, and decides when it is called
// again. ctx is the term's, handlers what the handler gets.
func (t *term) attempt(ctx, handlers context.Context, key string) {
	defer t.queue.Done(key)
	handle, obj := t.handler.Handle, t.store.get(key)
	grave := t.grave(key)
	if grave != nil {
		if !grave.tried {
			grave.tried = true // only the one worker that has the key comes here
			t.queue.failures.Forget(key)
		}
		handle, obj = t.deletion.HandleDelete, grave.last
	}
	if obj == nil {
		t.queue.failures.Forget(key)
		return
	}
	t.begin(key)
	start := time.Now()
	err := errGoexit
	defer func() { // also when the handler ends this goroutine
		t.end(ctx, key)
		outcome := outcomeOf(handlers, err)
		t.metrics.HandlingDone(t.cfg.Name, time.Since(start), outcome)
		t.settle(ctx, key, grave, err, outcome)
	}()
	err = contain(handlers, handle, obj)
}

// contain calls a handler with a copy and makes a panic an error.
func contain(ctx context.Context, handle func(context.Context, runtime.Object) error, obj runtime.Object) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return handle(ctx, obj.DeepCopyObject())
}

func outcomeOf(handlers context.Context, err error) Outcome {
	_, requeued := asRequeue(err)
	_, panicked := errors.AsType[*panicError](err)
	switch {
	case err == nil:
		return Succeeded
	case requeued:
		return Requeued
	case panicked, errors.Is(err, errGoexit):
		return Panicked
	case handlers.Err() != nil:
		return Cancelled
	default:
		return Failed
	}
}

// settle draws the consequences of an attempt. Once the term has ended the
// queue takes nothing more: the next leader handles every object.
func (t *term) settle(ctx context.Context, key string, grave *tombstone, err error, outcome Outcome) {
	log := t.logger.With("key", key)
	switch outcome {
	case Succeeded:
		t.queue.failures.Forget(key)
		t.bury(key, grave)
		return
	case Requeued:
		after, _ := asRequeue(err)
		t.queue.failures.Forget(key)
		t.queue.AddAfter(key, after)
		return
	case Cancelled:
		log.Debug("handling ended by the end of the term", "error", err)
		return
	}
	if failure, ok := errors.AsType[*panicError](err); ok {
		log = log.With("stack", string(failure.stack))
	}
	failures := t.queue.failures.NumRequeues(key) + 1
	if ctx.Err() != nil {
		log.Warn("handling failed during the drain; left to the next term", "error", err, "attempts", failures)
		return
	}
	if failures > t.cfg.ProcessingJobRetries {
		t.queue.failures.Forget(key)
		t.bury(key, grave)
		t.metrics.GaveUp(t.cfg.Name)
		log.Error("handling failed; given up until the next change or resync", "error", err, "attempts", failures)
		return
	}
	delay := t.queue.failures.When(key)
	t.queue.AddAfter(key, delay)
	t.metrics.Retry(t.cfg.Name, delay)
	log.Warn("handling failed", "error", err, "attempts", failures, "retry_in", delay)
}

// grave is the oldest deletion of a key that has not been handled, or nil.
func (t *term) grave(key string) *tombstone {
	t.mu.Lock()
	defer t.mu.Unlock()
	if graves := t.gone[key]; len(graves) > 0 {
		return graves[0]
	}
	return nil
}

// bury ends a deletion, and queues what the key has besides it.
func (t *term) bury(key string, grave *tombstone) {
	if grave == nil {
		return
	}
	t.mu.Lock()
	t.gone[key] = t.gone[key][1:]
	if len(t.gone[key]) == 0 {
		delete(t.gone, key)
	}
	t.mu.Unlock()
	t.queue.Add(key)
}

func (t *term) begin(key string) {
	t.metrics.HandlingStarted(t.cfg.Name)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.running[key] = time.Now()
}

func (t *term) end(ctx context.Context, key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.running, key)
	if ctx.Err() != nil {
		t.drained++
	}
}
