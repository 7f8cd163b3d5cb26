package controllers_test

import (
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"

	"github.com/regent-ha/regent/examples/ha-server/internal/controllers"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// Spaces go when their time is over, to the moment; no other does.
func TestExpiry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		aged := func(name, ttl string, age time.Duration) *corev1.ConfigMap {
			object := space.Request{Name: name, Owner: "ann", TTL: ttl}.Object()
			object.Namespace, object.CreationTimestamp = "ns", metav1.NewTime(start.Add(-age))
			return object
		}
		deleting := aged("deleting", "1s", time.Hour)
		deleting.DeletionTimestamp = &metav1.Time{Time: start}
		foreign := aged("x", "1s", time.Hour)
		foreign.Name = "foreign"
		client := fake.NewClientset(
			aged("minute", "1m", 0), aged("late", "1m", time.Hour), aged("old", "24h", 23*time.Hour), aged("endless", "", time.Hour),
			aged("broken", "soon", time.Hour), deleting, foreign)
		gone := make(map[string]time.Duration)
		client.PrependReactor("delete", "configmaps", func(action kubetesting.Action) (bool, runtime.Object, error) {
			name := action.(kubetesting.DeleteAction).GetName()
			if _, again := gone[name]; !again { // the fake does not tell of it before its watch has begun
				gone[name] = time.Since(start)
			}
			return false, nil, nil
		})
		log := slog.New(slog.DiscardHandler)
		ctrl := controllers.NewExpiry(controllers.Config{Client: client, Namespace: "ns", Logger: log})
		go func() { _ = ctrl.Run(t.Context()) }()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		require.Equal(t, map[string]time.Duration{"space-late": 0, "space-minute": time.Minute, "space-old": time.Hour}, gone)
	})
}
