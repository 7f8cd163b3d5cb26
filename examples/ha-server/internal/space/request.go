package space

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Bounds of a Request.
const (
	// MaxName is how long a name can be, so that its objects' can be labels.
	MaxName  = validation.DNS1123LabelMaxLength - len(prefix)
	MaxOwner = 100
	// MinTTL: Kubernetes keeps times of creation in whole seconds.
	MinTTL = time.Second
	MaxTTL = 365 * 24 * time.Hour
)

// Request is a space that somebody wants.
type Request struct {
	Name, Owner string
	// TTL is how long it lives; "" = until somebody deletes it.
	TTL string
}

// Check returns all Faults of a request, or nil.
func (r Request) Check() error {
	var faults Faults
	if fault := CheckName(r.Name); fault != nil {
		faults = append(faults, *fault)
	}
	if problem := ownerProblem(r.Owner); problem != "" {
		faults = append(faults, Fault{"owner", r.Owner, problem, "1 to 100 printable characters, such as ann@example.com"})
	}
	if r.TTL != "" {
		if _, fault := parseTTL(r.TTL); fault != nil {
			faults = append(faults, *fault)
		}
	}
	if len(faults) > 0 {
		return faults
	}
	return nil
}

// CheckName finds what is wrong with the name of a space.
func CheckName(name string) *Fault {
	const mend = `lower-case letters, digits and "-" between them, such as team-a`
	switch {
	case name == "":
		return &Fault{"name", nil, "is missing", mend}
	case len(name) > MaxName:
		return &Fault{"name", name, "is too long", "at most 57 characters"}
	case len(validation.IsDNS1123Label(name)) > 0:
		return &Fault{"name", name, "is no name", mend}
	}
	return nil
}

func ownerProblem(owner string) string {
	switch {
	case strings.TrimSpace(owner) == "":
		return "is missing"
	case utf8.RuneCountInString(owner) > MaxOwner:
		return "is too long"
	case !utf8.ValidString(owner) || strings.ContainsFunc(owner, func(r rune) bool { return !unicode.IsPrint(r) }):
		return "cannot be printed"
	}
	return ""
}

func parseTTL(text string) (time.Duration, *Fault) {
	const mend = "whole seconds from 1s to 8760h, such as 90s, 15m or 24h; leave it out for a space without end"
	ttl, err := time.ParseDuration(text)
	switch {
	case err != nil:
		return 0, &Fault{"ttl", text, "is no duration", mend}
	case ttl < MinTTL:
		return 0, &Fault{"ttl", text, "is too short", mend}
	case ttl > MaxTTL:
		return 0, &Fault{"ttl", text, "is too long", mend}
	case ttl%time.Second != 0:
		return 0, &Fault{"ttl", text, "has parts of seconds", mend}
	}
	return ttl, nil
}

// Object is the ConfigMap of a space that was checked. It has the finalizer
// from the start: there is no moment in which it could go without what was
// provisioned for it.
func (r Request) Object() *corev1.ConfigMap {
	data := map[string]string{ownerKey: r.Owner}
	if r.TTL != "" {
		data[ttlKey] = r.TTL
	}
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{
			Name:       ObjectName(r.Name),
			Labels:     map[string]string{Label: "true"},
			Finalizers: []string{Finalizer},
		},
		Data: data,
	}
}
