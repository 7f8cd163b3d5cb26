package ha

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/leaderelection"
	"github.com/regent-ha/regent/lock"
)

// EnabledVariable switches the election on or off: true or false. Unset or
// empty, it is on wherever there is a cluster.
const EnabledVariable = "LEADER_ELECTION_ENABLED"

// serviceAccount is where a pod finds its token and its namespace.
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// Environment is what a process knows of where it runs. Make it with
// NewEnvironment.
type Environment struct {
	// Electing: it competes with other replicas. Else it leads at once.
	Electing bool
	// Why tells what decided that.
	Why string
	// Config is how to reach the cluster; nil = there is none.
	Config *rest.Config
	// Namespace and Pod are this process's; "" = not known.
	Namespace, Pod string

	err error // of NewEnvironment
}

// NewEnvironment finds out where this process runs.
//
// The cluster is that of the kubeconfig file if one is named, else the pod's,
// else that of $KUBECONFIG or ~/.kube/config, else none. What is named or there
// and cannot be used is an error, never "no cluster": a replica that has lost its
// way to the API server must not lead. With $LEADER_ELECTION_ENABLED=false, a
// pod may be one without a service account's token.
//
// The namespace is $POD_NAMESPACE, else that of the pod's service account or of
// the kubeconfig's context; the pod is $POD_NAME. $LEADER_ELECTION_ENABLED says
// whether to compete: see [EnabledVariable].
func NewEnvironment(kubeconfig string) (Environment, error) {
	enabled := os.Getenv(EnabledVariable)
	on, err := true, error(nil)
	if enabled != "" {
		on, err = parseEnabled(enabled)
	}
	config, namespace, clusterErr := cluster(kubeconfig)
	if errors.Is(clusterErr, errNoAccount) && err == nil && !on {
		clusterErr = nil
	}
	e := Environment{Config: config, Namespace: namespace, Pod: os.Getenv("POD_NAME"), err: errors.Join(err, clusterErr)}
	switch {
	case e.err != nil:
		return e, e.err
	case enabled != "":
		e.Electing, e.Why = on, "$"+EnabledVariable+"="+enabled
	case config != nil:
		e.Electing, e.Why = true, "automatic: there is a cluster"
	default:
		e.Why = "automatic: there is neither a pod nor a kubeconfig"
	}
	return e, nil
}

func parseEnabled(enabled string) (bool, error) {
	on, err := strconv.ParseBool(enabled)
	if err != nil {
		return false, &FieldError{
			Field: "$" + EnabledVariable, Value: fmt.Sprintf("%q", enabled), Bound: "is neither true nor false",
			Mend: "true, false, or nothing, which stands for true wherever there is a cluster",
		}
	}
	return on, nil
}

// errNoAccount: a pod that is not meant to reach its API server, or that cannot.
var errNoAccount = errors.New("this is a pod, but not one that can reach its API server")

// cluster returns how to reach it, and the namespace to work in.
func cluster(kubeconfig string) (*rest.Config, string, error) {
	namespace := os.Getenv("POD_NAMESPACE")
	if kubeconfig == "" {
		config, err := rest.InClusterConfig()
		switch {
		case err == nil && namespace == "":
			namespace = accountNamespace()
			fallthrough
		case err == nil:
			return config, namespace, nil
		case inPod() && os.Getenv(clientcmd.RecommendedConfigPathEnvVar) == "":
			return nil, namespace, fmt.Errorf("ha: %w: %w; mend: mount its service account's token, or set $%s to false if it is to run alone", errNoAccount, err, EnabledVariable)
		}
	}
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = kubeconfig
	loader := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{})
	config, err := loader.ClientConfig()
	switch {
	case err != nil && kubeconfig != "":
		return nil, namespace, fmt.Errorf("ha: kubeconfig %q: %w; mend: name a readable kubeconfig file, with a current-context", kubeconfig, err)
	case clientcmd.IsEmptyConfig(err) && !hasKubeconfig(rules) && os.Getenv("POD_NAME") == "" && namespace == "":
		return nil, namespace, nil
	case clientcmd.IsEmptyConfig(err) && !hasKubeconfig(rules):
		return nil, namespace, fmt.Errorf("ha: %w: $POD_NAME or $POD_NAMESPACE is set, and nothing tells where its API server is; mend: unset them, or set $%s to false if it is to run alone", errNoAccount, EnabledVariable)
	case err != nil:
		return nil, namespace, fmt.Errorf("ha: kubeconfig %q: %w; mend: correct what $KUBECONFIG or ~/.kube/config says, or unset and remove it",
			cmp.Or(os.Getenv(clientcmd.RecommendedConfigPathEnvVar), clientcmd.RecommendedHomeFile), err)
	}
	if namespace == "" {
		namespace = contextNamespace(loader)
	}
	return config, namespace, nil
}

// inPod reports whether anything of Kubernetes' own speaks for a pod.
func inPod() bool {
	return os.Getenv("KUBERNETES_SERVICE_HOST") != "" || os.Getenv("KUBERNETES_SERVICE_PORT") != "" || exists(serviceAccount)
}

// hasKubeconfig reports whether a kubeconfig is named or there.
func hasKubeconfig(rules *clientcmd.ClientConfigLoadingRules) bool {
	return os.Getenv(clientcmd.RecommendedConfigPathEnvVar) != "" || slices.ContainsFunc(rules.Precedence, exists)
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return !errors.Is(err, fs.ErrNotExist)
}

func accountNamespace() string {
	b, err := os.ReadFile(serviceAccount + "/namespace")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// contextNamespace is that of the present context, if it names one: "default"
// is nobody's guess here, as replicas in two namespaces do not hear of each
// other.
func contextNamespace(loader clientcmd.ClientConfig) string {
	raw, err := loader.RawConfig()
	if err != nil {
		return ""
	}
	if c, ok := raw.Contexts[raw.CurrentContext]; ok {
		return c.Namespace
	}
	return ""
}

// NewRunner returns an Elector for the lock of that name in e.Namespace, made
// of cfg; or leaderelection.Plain, if this process does not compete. Of cfg it
// fills in what is empty: Lock, which is a Lease or whatever a fleet of older
// programs uses under that name (lock.Config), over connections of its own;
// Events; and Pod.
//
// Beside an error it returns a Runner that never leads, and so it does if an
// error of NewEnvironment was ignored.
func (e Environment) NewRunner(name string, cfg leaderelection.Config) (leaderelection.Runner, error) {
	var none *leaderelection.Elector // not nil, which would lead
	logger := cmp.Or(cfg.Logger, slog.Default())
	switch {
	case e.err != nil:
		return none, e.err
	case e.Why == "":
		return none, &FieldError{Field: "Environment", Value: "{}", Bound: "does not say whether to compete", Mend: "make it with NewEnvironment, or set Electing and Why"}
	case !e.Electing:
		logger.Warn("this process leads without an election", "reason", e.Why)
		return leaderelection.Plain{}, nil
	}
	logger.Info("this process competes for the lead", "reason", e.Why)
	if cfg.Pod == "" {
		cfg.Pod = e.Pod
	}
	if cfg.Lock == nil {
		if err := e.fill(name, &cfg); err != nil {
			return none, err
		}
	}
	elector, err := leaderelection.NewElector(cfg)
	if err != nil {
		return none, err
	}
	return elector, nil
}

// fill makes the lock, and says where Events go.
func (e Environment) fill(name string, cfg *leaderelection.Config) error {
	var faults []error
	if e.Config == nil {
		faults = append(faults, &FieldError{
			Field: "$" + EnabledVariable, Value: "true", Bound: "needs a cluster, and this is no pod and has no kubeconfig",
			Mend: "name a kubeconfig file, or set it to false to run alone",
		})
	}
	if e.Namespace == "" {
		faults = append(faults, &FieldError{
			Field: "namespace", Value: `""`, Bound: "is not known, so replicas would not find each other",
			Mend: "set $POD_NAMESPACE (in a pod from the downward API, fieldRef: metadata.namespace), or a namespace in the kubeconfig's context, or Environment.Namespace",
		})
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	client, err := kubernetes.NewForConfig(lock.RESTConfig(e.Config))
	if err != nil {
		return fmt.Errorf("ha: make a client for the election: %w", err)
	}
	cfg.Lock, err = lock.New(lock.Config{Leases: client.CoordinationV1(), ConfigMaps: client.CoreV1(), Namespace: e.Namespace, Name: name})
	if err != nil {
		return err
	}
	if cfg.Events == nil {
		cfg.Events = &leaderelection.KubernetesEvents{
			Client: client.CoreV1(),
			Object: corev1.ObjectReference{Namespace: e.Namespace, Name: name},
		}
	}
	return nil
}
