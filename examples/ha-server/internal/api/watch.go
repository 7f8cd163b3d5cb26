package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// change is a line of a watch.
type change struct {
	// Type is ADDED, MODIFIED or DELETED; BOOKMARK: nothing has changed up to
	// ResourceVersion; END: no more lines, for Reason. To lose no change, watch
	// again from the last ResourceVersion, of any replica.
	Type            string       `json:"type"`
	Space           *space.Space `json:"space,omitempty"`
	ResourceVersion string       `json:"resourceVersion,omitempty"`
	Reason          string       `json:"reason,omitempty"`
}

// watch passes changes on as they come, until the client goes, is too slow, or
// the replica shuts down.
func (a *API) watch(w http.ResponseWriter, r *http.Request, options metav1.ListOptions) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	// The Kubernetes API may take its time for changes, but not for its header.
	late := time.AfterFunc(a.cfg.RequestTimeout, cancel)
	changes, err := a.cfg.Objects.Watch(ctx, options)
	if !late.Stop() && err == nil {
		changes.Stop()
		err = context.DeadlineExceeded
	}
	if err != nil {
		a.refuse(w, r, fmt.Errorf("watch spaces: %w", err))
		return
	}
	defer changes.Stop()

	s := stream{w: w, control: http.NewResponseController(w), stall: a.cfg.Stall}
	w.Header().Set("Content-Type", "application/jsonl")
	if err := s.begin(); err != nil {
		return
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.ending:
			_ = s.send(change{Type: "END", Reason: "this replica shuts down"})
			return
		case event, ok := <-changes.ResultChan():
			if !ok {
				_ = s.send(change{Type: "END", Reason: "the Kubernetes API ended the watch"})
				return
			}
			line, pass := lineOf(event)
			if !pass {
				continue
			}
			if err := s.send(line); err != nil {
				a.log.Warn("the client of a watch is gone or too slow", "client", r.RemoteAddr, "error", err)
				return
			}
			if line.Type == "END" {
				return
			}
		}
	}
}

// lineOf is what an event of Kubernetes is to a client; false: nothing.
func lineOf(event watch.Event) (change, bool) {
	if event.Type == watch.Error {
		return change{Type: "END", Reason: apierrors.FromObject(event.Object).Error()}, true
	}
	object, ok := event.Object.(*corev1.ConfigMap)
	if !ok {
		return change{}, false
	}
	line := change{Type: string(event.Type), ResourceVersion: object.ResourceVersion}
	if event.Type == watch.Bookmark {
		return line, true
	}
	s, ok := space.Of(object)
	line.Space = &s
	return line, ok
}

// stream is a response of many lines.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	stall   time.Duration
}

// begin sends the header, so that the client knows that it watches.
func (s stream) begin() error {
	s.w.WriteHeader(http.StatusOK)
	return s.control.Flush()
}

// send sends a line at once, or gives the client up.
func (s stream) send(line change) error {
	if err := s.control.SetWriteDeadline(time.Now().Add(s.stall)); err != nil {
		return err
	}
	if err := json.NewEncoder(s.w).Encode(line); err != nil {
		return err
	}
	return s.control.Flush()
}
