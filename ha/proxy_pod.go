package ha

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/leaderelection"
)

// podURLAge is how long a holder's address is believed: an address that a dead
// pod had may be given to another one.
const podURLAge = 10 * time.Second

// PodURL returns a LeaderURL that looks the holder's pod up among pods, those of
// the replicas' namespace, and returns its address with a scheme ("http" or
// "https") and a port. Which pod that is, the candidates in Status say: each
// Elector with Config.Pod or $POD_NAME is among them.
//
// A lookup is one request, which needs the verb get for pods; its result serves
// all requests for 10 s while the holder is the same. With https the certificate
// has to be for the address, or the Transport's TLS config to name a server:
// that is what makes sure that the address is still a replica's.
func PodURL(pods corev1client.PodInterface, scheme string, port int) (LeaderURL, error) {
	var faults []error
	if pods == nil {
		faults = append(faults, &FieldError{Field: "PodURL pods", Value: "nil", Bound: "cannot be asked", Mend: "client.CoreV1().Pods(namespace)"})
	}
	if scheme != "http" && scheme != "https" {
		faults = append(faults, &FieldError{Field: "PodURL scheme", Value: strconv.Quote(scheme), Bound: "is none", Mend: `"http" or "https"`})
	}
	if port < 1 || port > 65535 {
		faults = append(faults, &FieldError{Field: "PodURL port", Value: port, Bound: "is not from 1 to 65535", Mend: "the port at which the replicas serve"})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	f := &podFinder{pods: pods, scheme: scheme, port: strconv.Itoa(port), turn: make(chan struct{}, 1)}
	return f.find, nil
}

type podFinder struct {
	pods         corev1client.PodInterface
	scheme, port string

	turn   chan struct{} // held while one looks; guards the fields below
	holder string
	found  *url.URL
	since  time.Time
}

func (f *podFinder) find(ctx context.Context, s leaderelection.Status) (*url.URL, error) {
	select {
	case f.turn <- struct{}{}:
		defer func() { <-f.turn }()
	case <-ctx.Done():
		return nil, fmt.Errorf("ha: where %s is: %w", s.Holder, context.Cause(ctx))
	}
	if f.found != nil && f.holder == s.Holder && time.Since(f.since) < podURLAge {
		return f.found, nil
	}
	f.found = nil
	asked := time.Now()
	found, err := f.look(ctx, s)
	if err != nil {
		return nil, err
	}
	f.holder, f.found, f.since = s.Holder, found, asked
	return found, nil
}

func (f *podFinder) look(ctx context.Context, s leaderelection.Status) (*url.URL, error) {
	i := slices.IndexFunc(s.Candidates, func(c leaderelection.Candidate) bool { return c.Identity == s.Holder })
	if i < 0 || s.Candidates[i].Pod == "" {
		return nil, fmt.Errorf("ha: the holder %s has named no pod; mend: give each replica POD_NAME by the downward API, or leaderelection.Config.Pod", s.Holder)
	}
	name := s.Candidates[i].Pod
	pod, err := f.pods.Get(ctx, name, metav1.GetOptions{})
	switch {
	case apierrors.IsForbidden(err):
		return nil, fmt.Errorf(`ha: the holder's pod: %w; mend: give its Role the rule {apiGroups: [""], resources: [pods], verbs: [get]}`, err)
	case err != nil:
		return nil, fmt.Errorf("ha: the holder's pod %s: %w", name, err)
	case pod.Status.PodIP == "":
		return nil, fmt.Errorf("ha: the holder's pod %s has no address; its phase is %q", name, pod.Status.Phase)
	}
	return &url.URL{Scheme: f.scheme, Host: net.JoinHostPort(pod.Status.PodIP, f.port)}, nil
}
