package ha_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

func held(holder string) leaderelection.Status {
	return leaderelection.Status{Identity: "me", Holder: holder, Candidates: []leaderelection.Candidate{
		{Identity: "me", Pod: "c"}, {Identity: "a_1", Pod: "a"}, {Identity: "a_2", Pod: "a"}, {Identity: "b_1", Pod: "b"}, {Identity: "homeless"},
	}}
}

func TestPodURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newPodStore(t, "a", "b")
		address := func(pod, ip string) { s.change(pod, func(p *corev1.Pod) { p.Status.PodIP = ip }) }
		address("a", "10.0.0.1")
		address("b", "fd00::1")
		requests := 0
		s.intercept(func(string, string) error { requests++; return nil })
		find, err := ha.PodURL(s.pods(), "https", 8443)
		require.NoError(t, err)
		at := func(holder, want string) {
			t.Helper()
			found, err := find(t.Context(), held(holder))
			require.NoError(t, err)
			require.Equal(t, want, found.String())
		}
		at("a_1", "https://10.0.0.1:8443")
		at("a_1", "https://10.0.0.1:8443")
		require.Equal(t, 1, requests, "the second is remembered")
		at("b_1", "https://[fd00::1]:8443")
		at("a_1", "https://10.0.0.1:8443")
		require.Equal(t, 3, requests, "another holder, another lookup")
		at("a_2", "https://10.0.0.1:8443")
		require.Equal(t, 4, requests, "another start of the same pod is another holder")

		address("a", "10.0.0.2")
		time.Sleep(10*time.Second - time.Nanosecond)
		at("a_2", "https://10.0.0.1:8443")
		time.Sleep(time.Nanosecond)
		at("a_2", "https://10.0.0.2:8443")

		// While one looks, others wait for what it finds, as long as they may.
		blocked := make(chan struct{})
		s.intercept(func(string, string) error { requests++; <-blocked; return nil })
		requests = 0
		for range 10 {
			go at("b_1", "https://[fd00::1]:8443")
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = find(ctx, held("b_1"))
		require.ErrorIs(t, err, context.DeadlineExceeded)
		close(blocked)
		synctest.Wait()
		require.Equal(t, 1, requests)
	})
}

func TestPodURLFaults(t *testing.T) {
	t.Parallel()
	s := newPodStore(t, "a")
	find, err := ha.PodURL(s.pods(), "http", 80)
	require.NoError(t, err)
	says := func(holder string, texts ...string) {
		t.Helper()
		_, err := find(t.Context(), held(holder))
		for _, text := range texts {
			require.ErrorContains(t, err, text)
		}
	}
	says("homeless", "homeless has named no pod; mend: give each replica POD_NAME")
	says("unheard-of", "unheard-of has named no pod")
	says("b_1", `pods "b" not found`)
	says("a_1", "the holder's pod a has no address")
	s.intercept(func(string, string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "pods"}, "a", nil)
	})
	says("a_1", "is forbidden", "mend: give its Role the rule", "verbs: [get]")

	_, err = ha.PodURL(nil, "ftp", 0)
	for _, text := range []string{"PodURL pods nil", `PodURL scheme "ftp"`, "PodURL port 0"} {
		require.ErrorContains(t, err, text)
	}
}
