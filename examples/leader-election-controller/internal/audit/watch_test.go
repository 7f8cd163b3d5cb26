package audit_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"

	"github.com/regent-ha/regent/examples/leader-election-controller/internal/audit"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	pod := func(name, change, handled string) *corev1.Pod {
		annotations := map[string]string{"regent-ha.github.io/change": change}
		if handled != "" {
			annotations["regent-ha.github.io/handled"] = handled
		}
		return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: name, Annotations: annotations}}
	}
	pods := fake.NewClientset(pod("new", "1", ""), pod("changed", "2", "1"), pod("handled", "2", "2")).CoreV1().Pods("ns")
	watch, err := audit.NewWatch(t.Context(), pods)
	require.NoError(t, err)
	for change, want := range map[audit.Change]bool{
		{Pod: "new", Number: "1"}:     true,
		{Pod: "changed", Number: "2"}: true,
		{Pod: "changed", Number: "1"}: false,
		{Pod: "handled", Number: "2"}: false,
		{Pod: "handled", Number: "3"}: false,
	} {
		open, err := watch.Open(t.Context(), change)
		require.NoError(t, err)
		require.Equal(t, want, open, change)
	}
	_, err = watch.Open(t.Context(), audit.Change{Pod: "none", Number: "1"})
	require.ErrorContains(t, err, "audit: ")
}
