package leaderelection

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
)

// serviceAccountNamespace is where a pod finds its own namespace.
const serviceAccountNamespace = "/var/run/secrets/kubernetes.io/serviceaccount/namespace"

// podNamespace is the namespace that this process runs in.
func podNamespace() (string, error) {
	if ns := os.Getenv("POD_NAMESPACE"); ns != "" {
		return ns, nil
	}
	b, err := os.ReadFile(serviceAccountNamespace)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	fault := &FieldError{
		Field: "namespace", Value: `""`, Bound: "it is not known which one this process runs in",
		Mend: "name it, or set $POD_NAMESPACE from the downward API (fieldRef: metadata.namespace)",
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fault
	}
	return "", errors.Join(fault, err)
}

func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// unique returns a name that no other process has: 130 random bits.
func unique() string { return strings.ToLower(rand.Text()) }
