package pods

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// probePeriod is more often than a kubelet may ask, which is once a second.
const probePeriod = 100 * time.Millisecond

// Labels select the Pods of all replicas: -pod-selector.
const Labels = "app.kubernetes.io/name=ha-server"

// create makes the Pod of a replica.
func (p *Pods) create(ctx context.Context, pod *Pod) error {
	_, err := p.cfg.Client.Create(ctx, &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: pod.Name, Labels: map[string]string{"app.kubernetes.io/name": "ha-server"}},
		Spec: corev1.PodSpec{
			SecurityContext: &corev1.PodSecurityContext{
				RunAsNonRoot: new(true), SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
			},
			Containers: []corev1.Container{{
				Name: "ha-server", Image: "ha-server:dev",
				SecurityContext: &corev1.SecurityContext{
					AllowPrivilegeEscalation: new(false), Capabilities: &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
				},
			}},
		},
	}, metav1.CreateOptions{})
	return errors.Join(err, p.report(ctx, pod))
}

// report writes the status of a Pod.
func (p *Pods) report(ctx context.Context, pod *Pod) error {
	p.mu.Lock()
	ready, restarts := corev1.ConditionFalse, pod.restarts
	if pod.ready {
		ready = corev1.ConditionTrue
	}
	p.mu.Unlock()
	patch, err := json.Marshal(map[string]any{"status": corev1.PodStatus{
		Phase: corev1.PodRunning, PodIP: pod.IP, PodIPs: []corev1.PodIP{{IP: pod.IP}},
		Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready, LastTransitionTime: metav1.Now()}},
		ContainerStatuses: []corev1.ContainerStatus{{
			Name: "ha-server", Image: "ha-server:dev", Ready: ready == corev1.ConditionTrue, RestartCount: int32(restarts),
			State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}},
		}},
	}})
	if err != nil {
		return err
	}
	_, err = p.cfg.Client.Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	if apierrors.IsNotFound(err) {
		return nil // deleted
	}
	return err
}

// Keep probes all pods and writes what it finds to their Pods, until ctx ends.
// answered is told of each that answers otherwise than before: with status 200
// it is ready, with another it is not, and 0 is no answer.
func (p *Pods) Keep(ctx context.Context, answered func(pod *Pod, status int)) error {
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		for _, pod := range p.All() {
			if err := p.probe(ctx, client, pod, answered); err != nil && ctx.Err() == nil {
				return fmt.Errorf("status of %s: %w", pod.Name, err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(probePeriod):
		}
	}
}

func (p *Pods) probe(ctx context.Context, client *http.Client, pod *Pod, answered func(*Pod, int)) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pod.Pages+"/readyz", http.NoBody)
	if err != nil {
		return err
	}
	status := 0
	if response, err := client.Do(request); err == nil {
		status = response.StatusCode
		_ = response.Body.Close()
	}
	if ctx.Err() != nil {
		return nil
	}
	p.mu.Lock()
	before, ready := pod.status, status == http.StatusOK
	same := pod.ready == ready
	pod.status, pod.ready = status, ready
	p.mu.Unlock()
	if status != before {
		answered(pod, status)
	}
	if same {
		return nil
	}
	return p.report(ctx, pod)
}
