package api

import (
	"context"
	"errors"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// refusal is an error that a client made, or has to know.
type refusal struct {
	code int
	text string
}

func (r *refusal) Error() string { return r.text }

// problem is the body of each answer that is no success.
type problem struct {
	Error  string       `json:"error"`
	Faults space.Faults `json:"faults,omitempty"`
}

// refuse answers with what went wrong, and who can mend it.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // the client has gone
	}
	code, body := a.codeOf(err), problem{Error: err.Error()}
	_ = errors.As(err, &body.Faults)
	switch code {
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", "1")
		a.log.Warn("request not served", "method", r.Method, "path", r.URL.Path, "error", err)
	case http.StatusInternalServerError:
		a.log.Error("request not served", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	answer(w, code, body)
}

func (a *API) codeOf(err error) int {
	var (
		faults  space.Faults
		mine    *refusal
		large   *http.MaxBytesError
		refused apierrors.APIStatus
	)
	switch {
	case errors.As(err, &faults):
		return http.StatusBadRequest
	case errors.As(err, &mine):
		return mine.code
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable
	case apierrors.IsGone(err), apierrors.IsResourceExpired(err):
		return http.StatusGone // the version or the continuation is too old
	case errors.As(err, &refused):
		if code := refused.Status().Code; code >= 500 || code == http.StatusTooManyRequests {
			return http.StatusServiceUnavailable
		}
		return http.StatusInternalServerError // such as 403: a right is missing here, not the client's
	default:
		return http.StatusServiceUnavailable // the API server cannot be reached
	}
}
