package controlplane

import (
	"cmp"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// Config says how to run a control plane. The zero value is usable.
type Config struct {
	// Progress receives one line for every few seconds of work in Start, and
	// nothing later. Nil discards.
	Progress io.Writer

	// Assets is the directory that holds etcd and kube-apiserver. Default: what
	// the function Assets returns.
	Assets string

	// APIServerFlags and EtcdFlags are added to the flags of the servers, by
	// name without dashes; each value becomes one flag. A name that is set here
	// replaces the flag that Start would give.
	APIServerFlags, EtcdFlags map[string][]string

	// Log receives all output of both servers. It must be safe for concurrent
	// use. Nil discards; an error of Start quotes the last lines anyhow.
	Log io.Writer

	// StartTimeout bounds the start of each server, without Assets.
	// Default: one minute.
	StartTimeout time.Duration
}

func (c Config) startTimeout() time.Duration { return cmp.Or(c.StartTimeout, time.Minute) }

func (c Config) etcdFlags(dir, client, peer string) map[string][]string {
	return merge(map[string][]string{
		"data-dir":                    {filepath.Join(dir, "etcd")},
		"listen-client-urls":          {"http://" + client},
		"advertise-client-urls":       {"http://" + client},
		"listen-peer-urls":            {"http://" + peer},
		"initial-advertise-peer-urls": {"http://" + peer},
		"initial-cluster":             {"default=http://" + peer},
		"unsafe-no-fsync":             {"true"},
		"log-level":                   {"warn"},
	}, c.EtcdFlags)
}

func (c Config) apiServerFlags(dir, etcd, host, port string) map[string][]string {
	return merge(map[string][]string{
		"etcd-servers":                     {"http://" + etcd},
		"bind-address":                     {host},
		"secure-port":                      {port},
		"tls-cert-file":                    {filepath.Join(dir, "server.crt")},
		"tls-private-key-file":             {filepath.Join(dir, "server.key")},
		"client-ca-file":                   {filepath.Join(dir, "ca.crt")},
		"authorization-mode":               {"RBAC"},
		"service-account-issuer":           {"https://" + host + ":" + port + "/"},
		"service-account-key-file":         {filepath.Join(dir, "service-accounts.key")},
		"service-account-signing-key-file": {filepath.Join(dir, "service-accounts.key")},
		"service-cluster-ip-range":         {"10.0.0.0/24"},
		"allow-privileged":                 {"true"},

		// No controller makes the service accounts that it would ask for.
		"disable-admission-plugins": {"ServiceAccount"},

		// So that it starts in a network namespace with loopback alone.
		"advertise-address":        {host},
		"endpoint-reconciler-type": {"none"},
	}, c.APIServerFlags)
}

func merge(flags, more map[string][]string) map[string][]string {
	maps.Copy(flags, more)
	return flags
}

func sortedKeys(m map[string][]string) []string { return slices.Sorted(maps.Keys(m)) }
