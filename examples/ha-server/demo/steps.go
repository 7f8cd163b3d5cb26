package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/regent-ha/regent/examples/ha-server/demo/internal/verdict"
	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/internal/journal"
)

// pass lets time go by.
func pass(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}

// provisioned asks a replica for a space, and then for its changes until it is
// ready.
func (d *demo) provisioned(ctx context.Context, pod *pods.Pod, name string) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	started := journal.Now()
	if err := d.load.Create(ctx, pod, name); err != nil {
		return 0, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pod.API+"/api/v1/spaces?watch=true", http.NoBody)
	if err != nil {
		return 0, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = response.Body.Close() }()
	for lines := json.NewDecoder(response.Body); ; {
		var line struct{ Space space.Space }
		if err := lines.Decode(&line); err != nil {
			return 0, fmt.Errorf("watch of %s: %w", pod.Name, err)
		}
		if line.Space.Name == name && line.Space.Phase == space.Ready {
			return journal.Now() - started, nil
		}
	}
}

// renewed is when the holder of the lock last renewed it, as it wrote itself.
func (d *demo) renewed(ctx context.Context, holder string) (time.Duration, error) {
	lease, err := d.client.CoordinationV1().Leases(namespace).Get(ctx, lockName, metav1.GetOptions{})
	if err != nil {
		return 0, err
	}
	spec := lease.Spec
	if spec.HolderIdentity == nil || spec.RenewTime == nil || podOf(*spec.HolderIdentity) != holder {
		return 0, fmt.Errorf("the lease is not held by %s: %+v", holder, spec)
	}
	return journal.Now() - time.Since(spec.RenewTime.Time), nil
}

// processes are those of all replicas but one, by name.
func (d *demo) processes(but *pods.Pod) map[string]string {
	all := make(map[string]string)
	for _, pod := range d.pods.All() {
		if pod != but {
			all[pod.Name] = fmt.Sprintf("pid %d", pod.Process.PID())
		}
	}
	return all
}

// table is like that of "kubectl get po", and the mode that each replica says
// it is in. All have to be ready; one has to lead, and to get the label within a
// few seconds.
func (d *demo) table(ctx context.Context) error {
	for deadline := time.Now().Add(5 * time.Second); ; {
		all, err := d.client.CoreV1().Pods(namespace).List(ctx, metav1.ListOptions{LabelSelector: pods.Labels})
		if err != nil {
			return err
		}
		rows, fault := d.rows(ctx, all.Items)
		if fault == nil || time.Now().After(deadline) {
			d.Print(strings.Join(rows, "\n"))
			return fault
		}
		if err := pass(ctx, 50*time.Millisecond); err != nil {
			return err
		}
	}
}

// rows are those of the table, and what is wrong in it.
func (d *demo) rows(ctx context.Context, all []corev1.Pod) (rows []string, fault error) {
	const format = "  %-13s %-6s %-8s %-9s %-4s %-10s %-7s %s"
	rows = append(rows, fmt.Sprintf(format, "NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "ROLE", "MODE"))
	leaders, ready := 0, 0
	for i := range all {
		pod := &all[i]
		mode, err := d.mode(ctx, pod.Name)
		if err != nil {
			return rows, err
		}
		role := pod.Labels[roleLabel]
		if mode == ha.ModeLeader {
			leaders++
		}
		if (mode == ha.ModeLeader) != (role == "leader") {
			fault = fmt.Errorf("%s is %s, and has the role %q", pod.Name, mode, role)
		}
		is, restarts := 0, 0
		for _, c := range pod.Status.ContainerStatuses {
			restarts += int(c.RestartCount)
			if c.Ready {
				is++
			}
		}
		ready += is
		rows = append(rows, fmt.Sprintf(format, pod.Name, fmt.Sprintf("%d/1", is), pod.Status.Phase, strconv.Itoa(restarts),
			time.Since(pod.CreationTimestamp.Time).Truncate(time.Second).String(), pod.Status.PodIP, role, mode))
	}
	if leaders != 1 || ready != len(d.pods.All()) {
		fault = fmt.Errorf("of %d replicas %d lead and %d are ready", len(all), leaders, ready)
	}
	return rows, fault
}

// mode is what a replica says on /ha.json.
func (d *demo) mode(ctx context.Context, name string) (ha.Mode, error) {
	for _, pod := range d.pods.All() {
		if pod.Name != name {
			continue
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+pod.Pages+"/ha.json", http.NoBody)
		if err != nil {
			return "", err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return "", err
		}
		defer func() { _ = response.Body.Close() }()
		var page ha.Page
		err = json.NewDecoder(response.Body).Decode(&page)
		return page.Mode, err
	}
	return "", fmt.Errorf("there is a Pod %s, and no replica", name)
}

// history is what the verdict is made from.
func (d *demo) history(ctx context.Context) (verdict.History, error) {
	h := verdict.History{
		Acked: d.load.Acknowledged(), Provisions: d.observer.provisions(),
		Spaces: make(map[string]verdict.Kept), Terms: make(map[uint64]bool),
	}
	for _, line := range d.pods.Ledger.All() {
		if line.Kind == journal.Leads {
			h.Terms[line.Token] = true
		}
	}
	objects, err := d.client.CoreV1().ConfigMaps(namespace).List(ctx, metav1.ListOptions{LabelSelector: space.Selector})
	if err != nil {
		return h, err
	}
	for i := range objects.Items {
		if s, ok := space.Of(&objects.Items[i]); ok {
			h.Spaces[s.Name] = verdict.Kept{Space: s, UID: string(objects.Items[i].UID)}
		}
	}
	return h, nil
}
