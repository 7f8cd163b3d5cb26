package promotion

import (
	"context"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/regent-ha/regent/controller"
)

// counted counts the requests for all objects: lists, and watches that begin
// with one.
type counted struct {
	controller.Retriever
	n atomic.Int64
}

func (c *counted) List(ctx context.Context, opts metav1.ListOptions) (runtime.Object, error) {
	c.n.Add(1)
	return c.Retriever.List(ctx, opts)
}

func (c *counted) Watch(ctx context.Context, opts metav1.ListOptions) (watch.Interface, error) {
	if opts.SendInitialEvents != nil && *opts.SendInitialEvents {
		c.n.Add(1)
	}
	return c.Retriever.Watch(ctx, opts)
}

// IsWatchListSemanticsUnSupported answers as the Retriever below does, so that
// lists are streamed.
func (c *counted) IsWatchListSemanticsUnSupported() bool {
	r, ok := c.Retriever.(interface{ IsWatchListSemanticsUnSupported() bool })
	return !ok || r.IsWatchListSemanticsUnSupported()
}
