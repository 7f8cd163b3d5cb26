package mixed

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// pace is the time between two changes of the load.
const pace = 50 * time.Millisecond

// Load changes ConfigMaps beside the lock until ctx ends, and counts the
// changes. kooper's controllers handle them; one, which is made first, is
// the job that they work on.
func Load(ctx context.Context, client kubernetes.Interface, namespace string) (changes int, err error) {
	maps := client.CoreV1().ConfigMaps(namespace)
	for i := 0; ; i++ {
		name := "job"
		if i > 0 {
			name = fmt.Sprintf("load-%d", i%5)
		}
		cm := &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{"handled": "true"}},
			Data:       map[string]string{"change": fmt.Sprint(i)},
		}
		if i <= 5 {
			_, err = maps.Create(ctx, cm, metav1.CreateOptions{})
		} else {
			_, err = maps.Update(ctx, cm, metav1.UpdateOptions{})
		}
		if ctx.Err() != nil {
			return i, nil
		}
		if err != nil {
			return i, fmt.Errorf("change %d of the load: %w", i, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pace):
		}
	}
}
