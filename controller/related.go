package controller

import (
	"runtime/debug"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
)

// related queues, in a term, what a relation's objects name.
type related struct {
	term     *term
	relation Relation
}

var _ listener = (*related)(nil)

// changed implements listener.
func (r *related) changed(key string, old, obj runtime.Object) { r.add(key, old, obj) }

// deleted implements listener. The final state may name others than the one
// before.
func (r *related) deleted(key string, old, last runtime.Object) { r.add(key, old, last) }

// add queues each object that one of two states of a related one names, once.
func (r *related) add(key string, states ...runtime.Object) {
	var names []types.NamespacedName
	for _, obj := range states {
		if obj == nil {
			continue
		}
		for _, name := range r.names(key, obj) {
			if !slices.Contains(names, name) {
				names = append(names, name)
				r.queue(key, cache.NewObjectName(name.Namespace, name.Name).String())
			}
		}
	}
}

// queue queues a key that has an object. Others have nothing to handle before
// that comes, which queues them; and a deletion that failed is not to be tried
// again any sooner.
func (r *related) queue(from, key string) {
	if r.term.store.get(key) == nil {
		r.term.logger.Debug("a related object names one that is not there", "relation", r.relation.Name, "related", from, "key", key)
		return
	}
	r.term.queue.Add(key)
}

// names calls Keys, and makes a panic no names.
func (r *related) names(key string, obj runtime.Object) []types.NamespacedName {
	defer func() {
		if v := recover(); v != nil {
			r.term.logger.Error("Keys panicked: this change of a related object queues nothing; the next resync handles all objects",
				"relation", r.relation.Name, "related", key, "error", v, "stack", string(debug.Stack()))
		}
	}()
	return r.relation.Keys(obj)
}
