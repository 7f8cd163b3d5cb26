package space

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/regent-ha/regent/lock"
)

const (
	// Label is on all that belongs to spaces: ConfigMaps and ServiceAccounts.
	Label = "ha-server.regent-ha.github.io/space"
	// Selector selects what has it.
	Selector = Label + "=true"

	// Finalizer keeps a ConfigMap until what was provisioned for it is gone. It
	// has it from its creation.
	Finalizer = "ha-server.regent-ha.github.io/provisioned"
	// ReadyAnnotation is "true" on a ConfigMap for which all is provisioned;
	// lock.TokenAnnotation beside it says in which term.
	ReadyAnnotation = "ha-server.regent-ha.github.io/ready"
	// UIDAnnotation is on a ServiceAccount the UID of its space: one of the same
	// name that was deleted is another.
	UIDAnnotation = "ha-server.regent-ha.github.io/space-uid"

	// prefix keeps spaces apart from the other objects of the namespace.
	prefix = "space-"
	// What the ConfigMap's data are called.
	ownerKey = "owner"
	ttlKey   = "ttl"
)

// Phase is how far a space has come.
type Phase string

const (
	// Pending: not everything is provisioned.
	Pending Phase = "pending"
	// Ready: it is.
	Ready Phase = "ready"
	// Deleting: it is being taken down.
	Deleting Phase = "deleting"
)

// Space is a space as the API tells of it.
type Space struct {
	Name    string     `json:"name"`
	Owner   string     `json:"owner"`
	TTL     string     `json:"ttl,omitempty"`
	Phase   Phase      `json:"phase"`
	Created time.Time  `json:"created"`
	Expires *time.Time `json:"expires,omitempty"`
	// Account is the ServiceAccount, Token that of the term that made it.
	Account string `json:"account,omitempty"`
	Token   uint64 `json:"token,omitempty"`
	// Problem is why it will not expire although it should: somebody has
	// changed the ConfigMap by hand.
	Problem string `json:"problem,omitempty"`
}

// ObjectName is that of a space's ConfigMap and ServiceAccount.
func ObjectName(name string) string { return prefix + name }

// Of returns the space that an object keeps; false if it is another program's.
func Of(object *corev1.ConfigMap) (Space, bool) {
	name, named := strings.CutPrefix(object.Name, prefix)
	if !named || object.Labels[Label] != "true" {
		return Space{}, false
	}
	s := Space{
		Name: name, Owner: object.Data[ownerKey], TTL: object.Data[ttlKey],
		Created: object.CreationTimestamp.UTC(), Phase: Pending,
	}
	switch expires, err := Expiry(object); {
	case err != nil:
		s.Problem = err.Error()
	case !expires.IsZero():
		s.Expires = &expires
	}
	if object.Annotations[ReadyAnnotation] == "true" {
		s.Phase, s.Account, s.Token = Ready, object.Name, Token(object.Annotations)
	}
	if object.DeletionTimestamp != nil {
		s.Phase = Deleting
	}
	return s, true
}

// Expiry is when a space is to be deleted; zero = never.
func Expiry(object *corev1.ConfigMap) (time.Time, error) {
	text := object.Data[ttlKey]
	if text == "" {
		return time.Time{}, nil
	}
	ttl, fault := parseTTL(text)
	if fault != nil {
		return time.Time{}, fmt.Errorf("configmap %s: data.%w", object.Name, *fault)
	}
	return object.CreationTimestamp.UTC().Add(ttl), nil
}

// Token is that of the term in which an object was written; 0 = none.
func Token(annotations map[string]string) uint64 {
	token, err := strconv.ParseUint(annotations[lock.TokenAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return token
}
