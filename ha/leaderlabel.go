package ha

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
)

// DefaultLeaderLabelInterval is what LeaderLabelConfig.Interval 0 stands for.
const DefaultLeaderLabelInterval = 30 * time.Second

// LeaderLabelConfig describes the component of [NewLeaderLabel].
type LeaderLabelConfig struct {
	// Pods are those of the replicas' namespace: client.CoreV1().Pods(namespace).
	// The client may be behind leaderelection.Gate. Required.
	Pods corev1client.PodInterface
	// Pod is the name of this process's pod, $POD_NAME. Required.
	Pod string
	// Selector finds the pods of all replicas, this one's too, and no others,
	// such as "app.kubernetes.io/name=my-controller". It must not depend on Key.
	// Required.
	Selector string
	// Key and Value are the label, such as "my-controller.example.com/role" and
	// "leader". Key is required. A pod that has the key with another value is
	// left alone, unless it is this process's.
	Key, Value string
	// Interval is how often the pods are looked at; after a promotion more
	// often: after 1 s, 2 s, 4 s, and so on. Each time is one request. It is also
	// the longest pause between attempts after a failure. 0 = 30 s. At least 1 s.
	Interval time.Duration
	// Logger: nil = slog.Default().
	Logger *slog.Logger
}

// NewLeaderLabel returns a component for Config.Leader that keeps a label on
// the leader's pod, so that a Service can select it. It belongs behind all that
// the Service's clients need: it starts last then, and stops first.
//
// On promotion the label is taken off the pods of all other replicas, and only
// then put on the own one, together with the term's token as the annotation
// regent-ha.github.io/token. When the leadership is given up, it is taken off;
// after a loss or a crash it stays until the next leader comes. What a hand or a
// late request of an earlier leader has changed is put right at the next look.
// Nothing is written after the term is over, and each write names the version of
// the pod that was seen.
//
// A label is not a lock: an earlier leader's request may arrive late and label
// its pod beside the leader's until that one looks again. The Service routes,
// the lock decides.
//
// While the API server is down, or refuses, the component tries again and logs
// why; it never ends the Group. It needs this rule of a Role in the namespace:
//
//   - apiGroups: [""]
//     resources: [pods]
//     verbs: [list, patch]
func NewLeaderLabel(cfg LeaderLabelConfig) (Component, error) {
	selector, err := cfg.validate()
	if err != nil {
		return Component{}, err
	}
	if cfg.Interval == 0 {
		cfg.Interval = DefaultLeaderLabelInterval
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	k := &labelKeeper{cfg: cfg, selector: selector.String()}
	return Component{Name: "leader-label", Run: k.run}, nil
}

// validate joins all faults, and returns the parsed Selector.
func (c LeaderLabelConfig) validate() (labels.Selector, error) {
	var faults []error
	fault := func(field string, value any, bound, mend string) {
		faults = append(faults, &FieldError{Field: "LeaderLabelConfig." + field, Value: value, Bound: bound, Mend: mend})
	}
	if c.Pods == nil {
		fault("Pods", "nil", "cannot be asked", "client.CoreV1().Pods(namespace)")
	}
	if c.Pod == "" {
		fault("Pod", `""`, "is no pod's name", "give the container POD_NAME by the downward API (fieldRef: metadata.name)")
	}
	if says := validation.IsQualifiedName(c.Key); len(says) > 0 {
		fault("Key", fmt.Sprintf("%q", c.Key), "is no label's key: "+strings.Join(says, "; "), `such as "my-controller.example.com/role"`)
	}
	if says := validation.IsValidLabelValue(c.Value); len(says) > 0 {
		fault("Value", fmt.Sprintf("%q", c.Value), "is no label's value: "+strings.Join(says, "; "), `such as "leader"`)
	}
	selector, err := labels.Parse(c.Selector)
	switch {
	case err != nil:
		fault("Selector", fmt.Sprintf("%q", c.Selector), "is no selector: "+err.Error(), `such as "app.kubernetes.io/name=my-controller"`)
	case selector.Empty():
		fault("Selector", fmt.Sprintf("%q", c.Selector), "selects every pod of the namespace", "give the labels that the replicas' pods have and no others")
	default:
		if requirements, _ := selector.Requirements(); requires(requirements, c.Key) {
			fault("Selector", fmt.Sprintf("%q", c.Selector), "depends on Key, which only the leader's pod has", "give labels that all replicas' pods have")
		}
	}
	if c.Interval != 0 && c.Interval < time.Second {
		fault("Interval", c.Interval, "is less than 1s", "0 for the default, or a longer time")
	}
	return selector, errors.Join(faults...)
}

func requires(requirements labels.Requirements, key string) bool {
	for _, r := range requirements {
		if r.Key() == key {
			return true
		}
	}
	return false
}
