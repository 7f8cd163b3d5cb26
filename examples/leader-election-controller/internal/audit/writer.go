package audit

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/utils/ptr"
)

// ChangesPerSecond is what the writer does; every fourth is a new pod.
const (
	ChangesPerSecond = 25
	newPodEvery      = 4
)

// patience is how long a request may take.
const patience = 30 * time.Second

// Writer creates and changes pods at a steady rate, whoever leads. It changes
// a pod only when its last change was handled: a controller is told of the
// latest state, not of each one before.
type Writer struct {
	pods  corev1client.PodInterface
	watch *Watch

	mu      sync.Mutex // guards the field below
	written []Change
}

// NewWriter returns a writer of pods that watch sees.
func NewWriter(pods corev1client.PodInterface, watch *Watch) *Writer {
	return &Writer{pods: pods, watch: watch}
}

// Run makes changes until ctx ends.
func (w *Writer) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second / ChangesPerSecond)
	defer tick.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		c, err := w.write(context.WithoutCancel(ctx), n) // all or nothing: each change counts
		if err != nil {
			return fmt.Errorf("writer: %w", err)
		}
		w.mu.Lock()
		w.written = append(w.written, c)
		w.mu.Unlock()
	}
}

// Written returns what the API server acknowledged so far.
func (w *Writer) Written() []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written[:len(w.written):len(w.written)]
}

func (w *Writer) write(ctx context.Context, n int) (Change, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var last Change
	ok := false
	if n%newPodEvery != 0 {
		last, ok = w.watch.take()
	}
	if !ok {
		c := Change{fmt.Sprintf("pod-%d", n), "1"}
		_, err := w.pods.Create(ctx, newPod(c), metav1.CreateOptions{})
		return c, err
	}
	number, err := strconv.Atoi(last.Number)
	if err != nil {
		return Change{}, err
	}
	c := Change{last.Pod, strconv.Itoa(number + 1)}
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, changeAnnotation, c.Number)
	_, err = w.pods.Patch(ctx, c.Pod, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
	return c, err
}

// newPod is never run, as there is no kubelet; all the same it must be a pod
// that the namespace admits.
func newPod(c Change) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: c.Pod, Annotations: map[string]string{changeAnnotation: c.Number}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot:   ptr.To(true),
				SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "idle", Image: "registry.k8s.io/pause:3.10",
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: ptr.To(false),
					Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}
}
