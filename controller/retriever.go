package controller

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/watchlist"
)

// Retriever lists and watches the objects to handle, of any kind that has
// object metadata.
type Retriever interface {
	// List returns a list object with the resource version it was read at. It
	// honours the options' Limit and Continue, or returns everything. It
	// returns when ctx ends.
	List(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error)
	// Watch returns the changes after the options' resource version, until ctx
	// ends or the watch is stopped.
	Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
}

// Lister is what client-go's typed and dynamic clients are, for lists of type
// L.
type Lister[L runtime.Object] interface {
	List(ctx context.Context, opts metav1.ListOptions) (L, error)
	Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error)
}

// Retrieve makes a client a Retriever: Retrieve(client.CoreV1().Pods("")).
// Like client-go's informers it streams the first list (KEP-3157) if the client
// is one of client-go's typed ones; dynamic and fake clients list, and so do
// other Retrievers.
func Retrieve[L runtime.Object](client Lister[L]) Retriever {
	if client == nil {
		return nil
	}
	return clientRetriever[L]{client}
}

type clientRetriever[L runtime.Object] struct{ client Lister[L] }

func (r clientRetriever[L]) List(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
	list, err := r.client.List(ctx, opts)
	if err != nil {
		return nil, err // not a typed nil beside it
	}
	return list, nil
}

func (r clientRetriever[L]) Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	return r.client.Watch(ctx, opts)
}

// IsWatchListSemanticsUnSupported is how client-go asks whether a client can
// stream lists. One that cannot, and does not refuse either, would never end
// its first sync: so are client-go's fakes, and the typed ones do not say so.
// What speaks to an API server has a REST client.
func (r clientRetriever[L]) IsWatchListSemanticsUnSupported() bool {
	_, remote := r.client.(interface{ GetClient() rest.Interface })
	return !remote || watchlist.DoesClientNotSupportWatchListSemantics(r.client)
}

// listsOnly says of Retrievers that say nothing that they cannot stream lists.
type listsOnly struct{}

func (listsOnly) IsWatchListSemanticsUnSupported() bool { return true }

// streaming returns what client-go may ask about r.
func streaming(r Retriever) any {
	if s, ok := r.(interface{ IsWatchListSemanticsUnSupported() bool }); ok {
		return s
	}
	return listsOnly{}
}
