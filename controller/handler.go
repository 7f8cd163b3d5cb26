package controller

import (
	"context"
	"fmt"
	"reflect"

	"k8s.io/apimachinery/pkg/runtime"
)

// Handler brings the world in line with one object.
type Handler interface {
	// Handle is called with a deep copy of the newest known state. Its context
	// carries the term (leaderelection.TermFromContext), and ends as the
	// package says. nil: done. An error: try again later. RequeueAfter: done
	// for now.
	Handle(ctx context.Context, obj runtime.Object) error
}

// DeletionHandler is a Handler that is told of deletions too. Other Handlers
// never see them.
type DeletionHandler interface {
	Handler
	// HandleDelete is called with a deep copy of the last known state of an
	// object that is gone, or no longer selected by the Retriever. Its error
	// counts as Handle's does. When the object has been made anew meanwhile,
	// its deletion is handled first.
	HandleDelete(ctx context.Context, obj runtime.Object) error
}

// HandlerFunc is a function as a Handler.
type HandlerFunc func(ctx context.Context, obj runtime.Object) error

// Handle implements [Handler].
func (f HandlerFunc) Handle(ctx context.Context, obj runtime.Object) error { return f(ctx, obj) }

// HandlerFuncs is a DeletionHandler made of functions. A nil function does
// nothing; one of them is required. For typed ones:
//
//	HandlerFuncs{OnHandle: HandlerOf(sync).Handle, OnDelete: HandlerOf(clean).Handle}
type HandlerFuncs struct {
	OnHandle func(ctx context.Context, obj runtime.Object) error
	OnDelete func(ctx context.Context, obj runtime.Object) error
}

var _ DeletionHandler = HandlerFuncs{}

// Handle implements [Handler].
func (h HandlerFuncs) Handle(ctx context.Context, obj runtime.Object) error {
	if h.OnHandle == nil {
		return nil
	}
	return h.OnHandle(ctx, obj)
}

// HandleDelete implements [DeletionHandler].
func (h HandlerFuncs) HandleDelete(ctx context.Context, obj runtime.Object) error {
	if h.OnDelete == nil {
		return nil
	}
	return h.OnDelete(ctx, obj)
}

// HandlerOf returns a Handler for objects of type T, such as *corev1.Pod. An
// object of another type is an error that names both types.
func HandlerOf[T runtime.Object](handle func(ctx context.Context, obj T) error) Handler {
	if handle == nil {
		return HandlerFunc(nil)
	}
	return HandlerFunc(func(ctx context.Context, obj runtime.Object) error {
		typed, ok := obj.(T)
		if !ok {
			return fmt.Errorf("controller: the handler takes %v, and the retriever returned %T; mend: give both the same type", reflect.TypeFor[T](), obj)
		}
		return handle(ctx, typed)
	})
}
