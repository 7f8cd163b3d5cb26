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
// As one of several components that lead in the same term, a controller has no
// Runner of its own: Warm runs from the start of the process to its end, Check
// says when to campaign, and Run is called once per term, with its context.
//
//	err := ctrl.Warm(ctx)             // from the start of the process to its end
//	err := elector.Run(ctx, ctrl.Run) // beside it, or Run among others
//
// # Guarantees
//
// Warm. Run lists and watches from its start, leading or not, and Warm does so
// before, between and beside Runs. A promotion lists nothing: it queues the
// keys of all objects it knows, and the first is handled while the last are
// still being queued. Run campaigns only after the first sync; a replica that
// cannot list does not lead. Warm and Run share one informer, which ends with
// the last of them. All of this holds for the informers of Config.Relations,
// which are part of the first sync.
//
// In the term. A handler's context carries the Term that the Runner granted.
// Without a Runner it is that of Run's context; if that has none, a term
// without end.
//
// Level-triggered. A handler gets the newest state known when it is called,
// not each change; it may see a state twice. Changes seen on standby are not
// handled: the promotion's pass over all objects makes up for them.
//
// Related. In a term, each event of an object that one of Config.Relations
// watches queues the objects that it names, or named before: a part that
// changes its owner queues both, and one whose deletion fell between two lists
// is noticed at the second. Objects that are not there are not queued, first
// lists queue nothing, and what a standby sees is left to the promotion's pass,
// deletions included.
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
// Joined. Run and Warm return after everything that they called has returned:
// handlers, the Runner, the Retriever (which the last of them waits for). No
// goroutine stays behind.
//
// Not guaranteed: that the informers are abreast of each other. A handler that
// is called for a related object may get a state of its own which is older than
// that object, and is called again when the newer one comes.
//
// Not guaranteed: a deletion that happens while nobody leads, or whose
// handling did not succeed before the term ended or the retries were used up,
// is not delivered again. Within a term each deletion that the informer sees is
// delivered. Work that must be done before an object goes needs a finalizer.
//
// # Concurrency
//
// Handlers are called from Config.ConcurrentWorkers goroutines. They get deep
// copies, and may change them. A Controller has one Run and one Warm at a time,
// others may follow them. Several Controllers can share one Runner, and so one
// term. The Retriever may be called from several goroutines: a new Warm does not
// wait for the requests of a Run that drains.
//
// # Testing
//
// Everything works in bubbles of testing/synctest, with a Retriever that
// serves from memory, or with Retrieve on a fake clientset.
package controller
