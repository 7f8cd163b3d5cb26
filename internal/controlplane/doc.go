// Package controlplane runs a real etcd and a real kube-apiserver for tests,
// benchmarks and demonstrations.
//
// # Usage
//
// [Start] gives one control plane on loopback with a REST configuration for an
// administrator; [ControlPlane.User] adds users to whom RBAC applies. Tests use
// the sub-package cptest, people the command cmd/controlplane.
//
// # Where the executables come from
//
// [Assets] returns the first of these that works:
//
//  1. the directory that KUBEBUILDER_ASSETS names; a faulty one is an error;
//  2. the cache: controlplane/v1.36-<os>-<arch> below REGENT_CACHE, or below
//     the directory "regent" in [os.UserCacheDir];
//  3. a download by setup-envtest, the one on PATH or a pinned one;
//  4. a build by the go command from the pinned modules in build/servers.mod,
//     which is embedded in this package: it works wherever a Go toolchain and
//     a module proxy do. It takes about five minutes on two cores.
//
// The last two fill the cache. No step needs a hand.
//
// # Guarantees
//
//   - Executables from the cache have answered --version in this process, and
//     the API server is Kubernetes 1.36 or later. A damaged cache is filled
//     again.
//   - Any number of processes may call Assets at once: one provides, the others
//     wait and say so. The cache is filled by one rename; a provider that dies
//     leaves nothing that another would trust.
//   - While Assets or Start work they are never silent for more than five
//     seconds, and what they write are plain lines. A warm Assets is silent.
//   - Cancelling the context ends the processes that Assets started.
//   - On Linux, etcd and kube-apiserver die with the process that started them,
//     however it ends. Elsewhere they outlive a process that was killed.
//
// # What is not promised
//
// No controller manager, scheduler or kubelet runs: namespaces never finish
// terminating, no service account exists in a new namespace, and the service
// default/kubernetes has no endpoints. etcd does not sync to disk: the data
// outlive a restart of either server, not a crash of the machine.
//
// # Concurrency
//
// All functions and methods may be called from several goroutines.
package controlplane
