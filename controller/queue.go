package controller

import (
	"time"

	"k8s.io/client-go/util/workqueue"
)

// queue is client-go's: a key is in it once, and not given out while a worker
// has it. It counts failures, and says how long to wait after one.
type queue struct {
	workqueue.TypedDelayingInterface[string]
	failures workqueue.TypedRateLimiter[string]
}

// newQueue returns a queue that has no name, and so takes no part in
// client-go's process-global metrics. Its goroutine, which knows of nothing
// else, ends with ShutDown.
func newQueue(cfg Config, metrics MetricsRecorder) queue {
	ready := &readyKeys{controller: cfg.Name, metrics: metrics}
	return queue{
		TypedDelayingInterface: workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[string]{
			Queue: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[string]{Queue: ready}),
		}),
		failures: workqueue.NewTypedItemExponentialFailureRateLimiter[string](cfg.RetryBaseDelay, cfg.RetryMaxDelay),
	}
}

// readyKeys are the keys that wait for a worker, first come, first served. The
// queue around it has the lock.
type readyKeys struct {
	controller string
	metrics    MetricsRecorder
	keys       []readyKey
}

type readyKey struct {
	key   string
	since time.Time
}

var _ workqueue.Queue[string] = (*readyKeys)(nil)

func (r *readyKeys) Touch(string) {}

func (r *readyKeys) Len() int { return len(r.keys) }

func (r *readyKeys) Push(key string) {
	r.keys = append(r.keys, readyKey{key, time.Now()})
	r.metrics.QueueDepth(r.controller, len(r.keys))
}

func (r *readyKeys) Pop() string {
	k := r.keys[0]
	r.keys[0] = readyKey{}
	r.keys = r.keys[1:]
	r.metrics.QueueDepth(r.controller, len(r.keys))
	r.metrics.QueueWait(r.controller, time.Since(k.since))
	return k.key
}
