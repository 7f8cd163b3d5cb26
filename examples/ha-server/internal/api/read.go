package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// maxItems is how many spaces one list can have; continue gets the others.
const maxItems = 500

// list is what GET of all spaces answers.
type list struct {
	Items []space.Space `json:"items"`
	// ResourceVersion is where a watch goes on, Continue where the next list
	// does; "" = that was the last.
	ResourceVersion string `json:"resourceVersion"`
	Continue        string `json:"continue,omitempty"`
}

func (a *API) get(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := a.within(r)
	defer cancel()
	object, err := a.find(ctx, r)
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	s, _ := space.Of(object)
	answer(w, http.StatusOK, s)
}

// find gets the ConfigMap of the space in the path, and no other.
func (a *API) find(ctx context.Context, r *http.Request) (*corev1.ConfigMap, error) {
	name, err := named(r)
	if err != nil {
		return nil, err
	}
	object, err := a.cfg.Objects.Get(ctx, space.ObjectName(name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, noSuchSpace(name)
	}
	if err != nil {
		return nil, fmt.Errorf("get space %s: %w", name, err)
	}
	if _, ok := space.Of(object); !ok {
		return nil, noSuchSpace(name)
	}
	return object, nil
}

func noSuchSpace(name string) error {
	return &refusal{http.StatusNotFound, fmt.Sprintf("there is no space %q", name)}
}

func (a *API) listOrWatch(w http.ResponseWriter, r *http.Request) {
	options, err := readOptions(r.URL)
	switch {
	case err != nil:
		a.refuse(w, r, err)
	case options.Watch:
		a.watch(w, r, options)
	default:
		a.list(w, r, options)
	}
}

func (a *API) list(w http.ResponseWriter, r *http.Request, options metav1.ListOptions) {
	ctx, cancel := a.within(r)
	defer cancel()
	objects, err := a.cfg.Objects.List(ctx, options)
	if err != nil {
		a.refuse(w, r, fmt.Errorf("list spaces: %w", err))
		return
	}
	page := list{Items: []space.Space{}, ResourceVersion: objects.ResourceVersion, Continue: objects.Continue}
	for i := range objects.Items {
		if s, ok := space.Of(&objects.Items[i]); ok {
			page.Items = append(page.Items, s)
		}
	}
	answer(w, http.StatusOK, page)
}

// readOptions are those of the query, which has to make sense.
func readOptions(u *url.URL) (metav1.ListOptions, error) {
	options := metav1.ListOptions{LabelSelector: space.Selector, Limit: maxItems}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return options, space.Faults{{Field: "query", Value: u.RawQuery, Problem: "cannot be read: " + err.Error(), Mend: "encode it as in a URL"}}
	}
	var faults space.Faults
	for name, values := range query {
		if fault := readOption(&options, name, values); fault != nil {
			faults = append(faults, *fault)
		}
	}
	if options.Watch {
		options.Limit = 0
		options.AllowWatchBookmarks = true
		for _, name := range []string{"limit", "continue"} {
			if query.Has(name) {
				faults = append(faults, space.Fault{Field: name, Value: query.Get(name), Problem: "is for lists", Mend: "leave it out of a watch"})
			}
		}
	}
	if len(faults) > 0 {
		return options, faults
	}
	return options, nil
}

func readOption(options *metav1.ListOptions, name string, values []string) (fault *space.Fault) {
	bad := func(problem, mend string) *space.Fault {
		return &space.Fault{Field: name, Value: values[0], Problem: problem, Mend: mend}
	}
	if len(values) > 1 {
		return bad("comes twice", "send it once")
	}
	switch name {
	case "watch":
		if values[0] != "true" && values[0] != "false" {
			return bad("is neither true nor false", "watch=true, or leave it out")
		}
		options.Watch = values[0] == "true"
	case "limit":
		limit, err := strconv.Atoi(values[0])
		if err != nil || limit < 1 || limit > maxItems {
			return bad("is out of bounds", fmt.Sprintf("a number from 1 to %d", maxItems))
		}
		options.Limit = int64(limit)
	case "continue":
		options.Continue = values[0]
	case "resourceVersion":
		if _, err := strconv.ParseUint(values[0], 10, 64); err != nil {
			return bad("is no version", "what a list or a watch said")
		}
		options.ResourceVersion = values[0]
	default:
		return bad("is an unknown parameter", "there are watch, resourceVersion, limit and continue")
	}
	return nil
}
