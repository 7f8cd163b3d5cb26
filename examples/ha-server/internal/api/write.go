package api

import (
	"fmt"
	"mime"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

func (a *API) create(w http.ResponseWriter, r *http.Request) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		a.refuse(w, r, &refusal{http.StatusUnsupportedMediaType,
			fmt.Sprintf("Content-Type %q is not supported; mend: application/json", r.Header.Get("Content-Type"))})
		return
	}
	wanted, err := space.Decode(r.Body)
	if err == nil {
		err = wanted.Check()
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	ctx, cancel := a.within(r)
	defer cancel()
	object, err := a.cfg.Objects.Create(ctx, wanted.Object(), metav1.CreateOptions{})
	switch {
	case apierrors.IsAlreadyExists(err):
		a.refuse(w, r, &refusal{http.StatusConflict,
			fmt.Sprintf("there is a space %q already; mend: another name, or delete that one and wait until it is gone", wanted.Name)})
		return
	case err != nil:
		a.refuse(w, r, fmt.Errorf("create space %s: %w", wanted.Name, err))
		return
	}
	made, _ := space.Of(object)
	w.Header().Set("Location", "/api/v1/spaces/"+made.Name)
	answer(w, http.StatusCreated, made)
}

// remove asks for the deletion: it is done when the leader has taken down what
// was provisioned, so the answer is 202.
func (a *API) remove(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := a.within(r)
	defer cancel()
	object, err := a.find(ctx, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	// Only the space that was looked at: one that is made meanwhile is another.
	err = a.cfg.Objects.Delete(ctx, object.Name, metav1.DeleteOptions{Preconditions: &metav1.Preconditions{UID: &object.UID}})
	switch {
	case apierrors.IsNotFound(err), apierrors.IsConflict(err):
		a.refuse(w, r, noSuchSpace(r.PathValue("name")))
		return
	case err != nil:
		a.refuse(w, r, fmt.Errorf("delete space %s: %w", r.PathValue("name"), err))
		return
	}
	s, _ := space.Of(object)
	s.Phase = space.Deleting
	answer(w, http.StatusAccepted, s)
}
