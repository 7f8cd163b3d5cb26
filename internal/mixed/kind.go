package mixed

import "github.com/regent-ha/regent/lock"

// Kind is what a replica runs.
type Kind string

// Electors, and the locks that Regent's may use.
const (
	// ClientGo is client-go's elector on a Lease.
	ClientGo Kind = "client-go"
	// ControllerRuntime is the elector of a controller-runtime manager, on a
	// Lease.
	ControllerRuntime Kind = "controller-runtime"
	// Kooper08 is a controller of kooper v0.8.0, on a ConfigMap.
	Kooper08 Kind = "kooper-0.8"
	// Kooper28 is a controller of kooper v2.8.0, on a Lease.
	Kooper28 Kind = "kooper-2.8"
	// Regent finds out which lock others use.
	Regent Kind = "regent"
	// RegentLease, RegentConfigMap and RegentMulti are told.
	RegentLease     Kind = "regent-lease"
	RegentConfigMap Kind = "regent-configmap"
	RegentMulti     Kind = "regent-multi"
)

// elector is what is told to a replica of this program; none for kooper's.
func (k Kind) elector() []string {
	regent := func(kind lock.Kind) []string { return []string{"-elector=regent", "-kind=" + string(kind)} }
	switch k {
	case Regent:
		return regent("")
	case RegentLease:
		return regent(lock.KindLease)
	case RegentConfigMap:
		return regent(lock.KindConfigMap)
	case RegentMulti:
		return regent(lock.KindMulti)
	}
	return []string{"-elector=" + string(k)}
}

// module is the directory of the module that has to be built for a replica;
// none for this program.
func (k Kind) module() string {
	switch k {
	case Kooper08:
		return "kooper08"
	case Kooper28:
		return "kooper28"
	}
	return ""
}

// Stays reports whether a replica that has lost the lock campaigns again;
// others end their process, which is to be started again.
func (k Kind) Stays() bool {
	switch k {
	case Regent, RegentLease, RegentConfigMap, RegentMulti:
		return true
	}
	return false
}
