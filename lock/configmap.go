package lock

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
)

// LeaderAnnotation is where a ConfigMap keeps its record, in JSON, as kooper
// before 2.0 and client-go before 0.24 wrote it.
const LeaderAnnotation = resourcelock.LeaderElectionRecordAnnotationKey

// ConfigMapConfig says which ConfigMap is the lock.
type ConfigMapConfig struct {
	// Client reaches the API server. Give it connections of its own: see
	// [RESTConfig]. Required.
	Client corev1client.ConfigMapsGetter
	// Namespace and Name of the ConfigMap. Required.
	Namespace, Name string
	// Labels are set on the ConfigMap with each write; others stay. Optional.
	Labels map[string]string

	// Identity and EventRecorder serve client-go's elector only, when this
	// lock is used as a resourcelock.Interface.
	Identity      string
	EventRecorder resourcelock.EventRecorder
}

func (c ConfigMapConfig) validate() error {
	var faults []error
	if c.Client == nil {
		faults = append(faults, errors.New("lock: Client is nil; mend: pass clientset.CoreV1()"))
	}
	return errors.Join(append(faults, validateName(c.Namespace, c.Name)...)...)
}

// ConfigMap is a [Lock] in [LeaderAnnotation] of a ConfigMap, whose data it
// leaves alone. Make it with [NewConfigMap]. The rights get, create and update
// are enough for it; with watch a hand-over is faster.
//
// Prefer a [Lease] where there is no fleet that uses a ConfigMap: everything
// that watches ConfigMaps is told of each renewal.
type ConfigMap struct {
	object[*corev1.ConfigMap]
}

// NewConfigMap returns the lock that cfg describes. It sends nothing.
func NewConfigMap(cfg ConfigMapConfig) (*ConfigMap, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &ConfigMap{object[*corev1.ConfigMap]{
		form:      configMapForm{},
		client:    func() client[*corev1.ConfigMap] { return cfg.Client.ConfigMaps(cfg.Namespace) },
		namespace: cfg.Namespace, name: cfg.Name, labels: cfg.Labels, identity: cfg.Identity, events: cfg.EventRecorder,
	}}, nil
}

// configMapForm keeps a record in an annotation, and leaves fields of it that
// it does not know alone.
type configMapForm struct{}

func (configMapForm) kind() Kind { return KindConfigMap }

func (configMapForm) resource(namespace string) resource {
	return resource{corev1.GroupName, "configmaps", namespace}
}

func (configMapForm) fresh(meta metav1.ObjectMeta) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: meta}
}

// leaderRecord is kooper's five fields, with times by the microsecond: whoever
// compares records sees each renewal, and RFC 3339 allows it.
type leaderRecord struct {
	Holder      string            `json:"holderIdentity"`
	Duration    int32             `json:"leaseDurationSeconds"`
	Acquired    *metav1.MicroTime `json:"acquireTime"`
	Renewed     *metav1.MicroTime `json:"renewTime"`
	Transitions int32             `json:"leaderTransitions"`
}

func (configMapForm) encode(cm *corev1.ConfigMap, r Record) {
	merge(cm, leaderRecord{
		Holder: r.Holder, Duration: seconds(r.Duration), Acquired: microTime(r.Acquired.UTC()), Renewed: microTime(r.Renewed.UTC()),
		Transitions: r.Transitions,
	})
}

func (f configMapForm) decode(cm *corev1.ConfigMap, lock string) Record {
	raw, _, err := f.get(cm)
	if err != nil {
		return Record{Problem: &RecordError{
			Lock: lock, Field: LeaderAnnotation, Value: cm.Annotations[LeaderAnnotation], Err: err,
			Mend: "remove the annotation when nobody leads",
		}}
	}
	r := recordOf(raw)
	r.Acquired, r.Renewed = r.Acquired.Truncate(time.Microsecond), r.Renewed.Truncate(time.Microsecond)
	return r
}

func (configMapForm) get(cm *corev1.ConfigMap) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record := new(resourcelock.LeaderElectionRecord)
	raw, ok := cm.Annotations[LeaderAnnotation]
	if !ok {
		return record, nil, nil
	}
	if err := json.Unmarshal([]byte(raw), record); err != nil {
		return nil, nil, fmt.Errorf("annotation %s: %w", LeaderAnnotation, err)
	}
	return record, []byte(raw), nil
}

func (configMapForm) set(cm *corev1.ConfigMap, record resourcelock.LeaderElectionRecord) error {
	merge(cm, record)
	return nil
}

// merge replaces the fields of the stored record that record has. Of one that
// cannot be read nothing is kept.
func merge(cm *corev1.ConfigMap, record any) {
	var stored, fields map[string]json.RawMessage
	_ = json.Unmarshal([]byte(cm.Annotations[LeaderAnnotation]), &stored)
	_ = json.Unmarshal([]byte(mustJSON(record)), &fields)
	maps.DeleteFunc(fields, func(name string, value json.RawMessage) bool { // client-go's elector forgets both
		return (name == "strategy" || name == "preferredHolder") && string(value) == `""`
	})
	maps.DeleteFunc(stored, func(name string, _ json.RawMessage) bool {
		for known := range fields {
			if strings.EqualFold(name, known) { // as encoding/json reads it
				return true
			}
		}
		return false
	})
	if stored == nil {
		stored = fields
	} else {
		maps.Copy(stored, fields)
	}
	if cm.Annotations == nil {
		cm.Annotations = make(map[string]string, 4)
	}
	cm.Annotations[LeaderAnnotation] = mustJSON(stored)
}
