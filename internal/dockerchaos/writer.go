package dockerchaos

import (
	"context"
	"fmt"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/internal/journal"
)

// changesPerSecond is what the writer does.
const changesPerSecond = 10

// writer creates pods at a steady rate, whoever leads. Each is a change that
// the leader has to handle once.
type writer struct {
	pods corev1client.PodInterface

	mu      sync.Mutex // guards the fields below
	written []string
	asked   []Span
}

// run writes until ctx ends.
func (w *writer) run(ctx context.Context) error {
	tick := time.NewTicker(time.Second / changesPerSecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		name, begin := fmt.Sprintf("pod-%d", n), journal.Now()
		if err := w.write(context.WithoutCancel(ctx), name); err != nil { // all or nothing
			return err
		}
		w.mu.Lock()
		w.written = append(w.written, name)
		w.asked = append(w.asked, Span{begin, journal.Now()})
		w.mu.Unlock()
	}
}

func (w *writer) write(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Annotations: map[string]string{changeAnnotation: "1"}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "idle", Image: "idle"}}}, // nobody runs it
	}
	if _, err := w.pods.Create(ctx, pod, metav1.CreateOptions{}); err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	return nil
}

// all returns what the API server acknowledged so far, and how long each took.
func (w *writer) all() (written []string, asked []Span) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(w.written)
	return w.written[:n:n], w.asked[:n:n]
}
