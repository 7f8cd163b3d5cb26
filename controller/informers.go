package controller

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// informers are those of a controller, which begin and end together.
type informers struct {
	own       *informer // of the objects to handle
	related   []*informer
	relations []Relation // of related, in the same order
	cancel    context.CancelFunc
}

// startInformers starts those that end when they are cancelled, or ctx is.
func startInformers(ctx context.Context, own Retriever, relations []Relation, logger *slog.Logger) *informers {
	ctx, cancel := context.WithCancel(ctx)
	ins := &informers{own: startInformer(ctx, own, logger), relations: relations, cancel: cancel}
	for _, r := range relations {
		ins.related = append(ins.related, startInformer(ctx, r.Retriever, logger.With("relation", r.Name)))
	}
	return ins
}

func (ins *informers) all() []*informer { return append([]*informer{ins.own}, ins.related...) }

// refresh ends the pauses of all.
func (ins *informers) refresh() {
	for _, in := range ins.all() {
		in.refresh()
	}
}

// wait returns when nothing runs of informers that were cancelled.
func (ins *informers) wait() {
	for _, in := range ins.all() {
		in.wait()
	}
}

// waitSynced reports whether the last first sync came before the end of ctx.
func (ins *informers) waitSynced(ctx context.Context) bool {
	for _, in := range ins.all() {
		if !in.waitSynced(ctx) {
			return false
		}
	}
	return true
}

// check says which first lists are missing, and why.
func (ins *informers) check() error {
	var errs []error
	missing := func(in *informer, of string) {
		if !in.hasSynced() {
			errs = append(errs, fmt.Errorf("controller: no list of %s yet: %w", of, in.failure()))
		}
	}
	missing(ins.own, "the objects")
	for i, r := range ins.relations {
		missing(ins.related[i], fmt.Sprintf("relation %q", r.Name))
	}
	return errors.Join(errs...)
}
