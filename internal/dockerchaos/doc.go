// Package dockerchaos cuts replicas of the example controller off their
// network while they work, and checks what comes of it.
//
// # What it does
//
// [Run] builds the example, static, and an image from scratch; starts etcd and
// kube-apiserver on this machine; and runs two and three replicas as containers,
// each number with a lock, a namespace and a network of its own. Then, in
// rounds that are drawn from a seed, docker network disconnect and docker network
// connect: the leader, a standby, one by name, some, all; for longer than a lease
// or for less than the renew deadline; once or several times in succession;
// back with the former address, whose connections live on, or with another, so
// that they are dead. A round ends when one leads and all others say that they
// could. All the while pods are created for the leader to handle.
//
// # What it checks
//
// [History.Judge] holds journals, which docker logs shows whatever the network
// does, and watches on the API server against the [Rules]. Most are promises of
// package leaderelection; the times are exact, since containers share the
// clock of the machine (CLOCK_BOOTTIME). When a leader renewed last is what
// the API server shows, not what the leader says.
//
// One thing is counted and is no fault: a write that was sent in time and held
// up by the network can arrive in another's term. No lease guards that moment;
// the version that the write names does.
//
// # What it needs
//
// Linux, and a docker engine on the same machine, without access to a registry:
// the API server is reached through the gateway of the network. Whatever it makes
// in the engine has the label regent-dockerchaos, and is removed at the end, also
// after a failure or Ctrl-C. Only if it is killed is this left to you:
//
//	docker rm -f $(docker ps -aq --filter label=regent-dockerchaos)
//	docker network prune --filter label=regent-dockerchaos
//	docker image prune --all --filter label=regent-dockerchaos
package dockerchaos
