package promotion

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes"
)

// creators is how many pods are created at a time.
const creators = 16

// createPods makes n pods, and returns how many bytes one has on the wire.
func createPods(ctx context.Context, client kubernetes.Interface, n int) (bytes int, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(creators)
	for i := range n {
		group.Go(func() error {
			created, err := client.CoreV1().Pods(namespace).Create(ctx, pod(i), metav1.CreateOptions{})
			if err == nil && i == n-1 {
				bytes = created.Size()
			}
			return err
		})
	}
	return bytes, group.Wait()
}

// pod is like one that a Deployment of a web service with a sidecar makes.
func pod(i int) *corev1.Pod {
	labels := map[string]string{
		"app.kubernetes.io/name": fmt.Sprint("service-", i%100), "app.kubernetes.io/instance": "production",
		"app.kubernetes.io/version": "2026.11.3", "app.kubernetes.io/managed-by": "Helm", "pod-template-hash": "6b7f9c5d84",
	}
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: fmt.Sprintf("service-%d-6b7f9c5d84-%05d", i%100, i), Labels: labels,
			Annotations: map[string]string{
				"prometheus.io/scrape": "true", "prometheus.io/port": "9090",
				"checksum/config": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
			},
		},
		Spec: corev1.PodSpec{
			Containers: []corev1.Container{container("service", 8080), container("proxy", 15001)},
			Volumes: []corev1.Volume{
				{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: "service-config"},
				}}},
				{Name: "cache", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
			},
			TopologySpreadConstraints: []corev1.TopologySpreadConstraint{{
				MaxSkew: 1, TopologyKey: "kubernetes.io/hostname", WhenUnsatisfiable: corev1.ScheduleAnyway,
				LabelSelector: &metav1.LabelSelector{MatchLabels: labels},
			}},
			TerminationGracePeriodSeconds: new(int64(45)),
		},
	}
}

func container(name string, port int32) corev1.Container {
	probe := &corev1.Probe{
		ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(port)}},
		PeriodSeconds: 10, TimeoutSeconds: 2, FailureThreshold: 3,
	}
	env := []corev1.EnvVar{{Name: "POD_NAME", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{FieldPath: "metadata.name"}}}}
	for _, v := range []string{"DATABASE_URL", "CACHE_URL", "QUEUE_URL", "TRACE_ENDPOINT", "LOG_LEVEL", "FEATURES"} {
		env = append(env, corev1.EnvVar{Name: v, Value: "https://" + name + ".production.svc.cluster.local:8443/" + v})
	}
	return corev1.Container{
		Name: name, Image: "registry.example.com/production/" + name + "@sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945",
		Args: []string{"--config=/etc/config/config.yaml", "--listen=:8080"}, Env: env,
		Ports:         []corev1.ContainerPort{{Name: "http", ContainerPort: port}},
		LivenessProbe: probe, ReadinessProbe: probe,
		Resources: corev1.ResourceRequirements{
			Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("128Mi")},
			Limits:   corev1.ResourceList{corev1.ResourceMemory: resource.MustParse("256Mi")},
		},
		VolumeMounts: []corev1.VolumeMount{{Name: "config", MountPath: "/etc/config", ReadOnly: true}, {Name: "cache", MountPath: "/cache"}},
	}
}
