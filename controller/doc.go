// Package controller handles Kubernetes objects one by one: an informer, a
// queue and workers, which run while this process leads.
//
// # Usage
//
//	ctrl := controller.New(&controller.Config{Name: "pods"},
//		controller.HandlerOf(func(ctx context.Context, pod *corev1.Pod) error { … }),
//		controller.Retrieve(client.CoreV1().Pods("")),
//		elector, nil, nil)
//	err := ctrl.Run(ctx)
//
// With an untyped nil Runner the controller runs plainly: it handles from its
// first sync until Run's context ends. A Runner that a constructor returned
// beside an error is no such nil: Run refuses it.
//
// # Guarantees
//
// Warm. Run lists and watches from its start, leading or not. A promotion
// lists nothing: it queues the keys of all objects it knows. Run campaigns
// only after the first sync; a replica that cannot list does not lead.
//
// Level-triggered. A handler gets the newest state known when it is called,
// not each change; it may see a state twice. Changes seen on standby are not
// handled: the promotion's pass over all objects makes up for them.
//
// One key, one worker. Two calls for the same namespace and name never
// overlap, deletions included, and see the order of the events.
//
// Retried, then given up. A failed or panicked call is repeated with
// exponential backoff up to Config.ProcessingJobRetries times. Then the key
// rests until its next change, resync or promotion.
//
// Drained. When the term ends, no further key is taken. After a graceful end
// (shutdown, stepping down) the calls in flight may finish: their context
// lives on until Config.DrainTimeout has passed or the term is no longer
// valid. After a loss it ends at once, with the same cause. In both cases the
// leadership is kept until the last call has returned, however long that
// takes; overruns are logged with their keys, and counted.
//
// Fresh. The queue, failures and delays of a term end with it.
//
// Joined. Run returns after everything that it called has returned: handlers,
// the Runner, the Retriever. No goroutine stays behind.
//
// Not guaranteed: a deletion that happens while nobody leads, or whose
// handling did not succeed before the term ended or the retries were used up,
// is not delivered again. Within a term each deletion that the informer sees is
// delivered. Work that must be done before an object goes needs a finalizer.
//
// # Concurrency
//
// Handlers are called from Config.ConcurrentWorkers goroutines. They get deep
// copies, and may change them. A Controller has one Run at a time, another may
// follow it. Several Controllers can share one Runner, and so one term.
//
// # Testing
//
// Everything works in bubbles of testing/synctest, with a Retriever that
// serves from memory, or with Retrieve on a fake clientset.
package controller
