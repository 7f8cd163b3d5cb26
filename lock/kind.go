package lock

import (
	"strings"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Kind names where a lock keeps its record.
type Kind string

const (
	// KindLease is a Lease of coordination.k8s.io/v1.
	KindLease Kind = "Lease"
	// KindConfigMap is an annotation on a ConfigMap, as kooper before 2.0 and
	// client-go before 0.24 wrote it.
	KindConfigMap Kind = "ConfigMap"
	// KindMulti is both at once: the way from one to the other.
	KindMulti Kind = "Multi"
)

// noun is what messages call it.
func (k Kind) noun() string { return strings.ToLower(string(k)) }

// TypeMeta is the API's name for an object of that kind; zero for what is none.
func (k Kind) TypeMeta() metav1.TypeMeta {
	switch k {
	case KindLease:
		return metav1.TypeMeta{APIVersion: coordinationv1.SchemeGroupVersion.String(), Kind: string(k)}
	case KindConfigMap:
		return metav1.TypeMeta{APIVersion: corev1.SchemeGroupVersion.String(), Kind: string(k)}
	}
	return metav1.TypeMeta{}
}
