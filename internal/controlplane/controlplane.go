package controlplane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync"

	"k8s.io/client-go/rest"
)

// ControlPlane is a running etcd and kube-apiserver.
type ControlPlane struct {
	cfg    Config
	dir    string
	remove func() error // removes dir
	ca     *authority
	admin  *rest.Config
	client *http.Client // with the rights of admin

	etcdAddr, peerAddr, addr string // host and port

	mu        sync.Mutex // guards the fields below
	stopped   bool
	etcd      *child
	apiServer *child
}

// attempts is how often Start picks ports: another process may be given one
// between the choice and the listening.
const attempts = 3

// Start runs one etcd and one kube-apiserver on loopback and returns when both
// serve. ctx bounds the start alone: the servers run until Stop.
func Start(ctx context.Context, cfg Config) (*ControlPlane, error) {
	if cfg.Assets == "" {
		dir, err := Assets(ctx, cfg.Progress)
		if err != nil {
			return nil, err
		}
		cfg.Assets = dir
	}
	work, done := startWork(cfg.Progress)
	defer done()

	var faults []error
	for range attempts {
		c, err := newControlPlane(cfg)
		if err != nil {
			return nil, fmt.Errorf("controlplane: %w", err)
		}
		if err = c.start(ctx, work); err == nil {
			return c, nil
		}
		faults = append(faults, err, c.Stop())
		if ctx.Err() != nil || !errors.Is(err, errPortTaken) {
			break
		}
	}
	return nil, fmt.Errorf("controlplane: %w", errors.Join(faults...))
}

// newControlPlane prepares the files and addresses of one.
func newControlPlane(cfg Config) (*ControlPlane, error) {
	addrs, err := freePorts(3)
	if err != nil {
		return nil, err
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, fmt.Errorf("certificates: %w", err)
	}
	c := &ControlPlane{cfg: cfg, ca: ca, etcdAddr: addrs[0], peerAddr: addrs[1], addr: addrs[2]}
	if c.admin, err = c.User("admin", "system:masters"); err != nil {
		return nil, err
	}
	if c.client, err = httpClient(c.admin); err != nil {
		return nil, err
	}
	if c.dir, c.remove, err = newData(); err != nil {
		return nil, err
	}
	if err := ca.writeCerts(c.dir); err != nil {
		return nil, errors.Join(fmt.Errorf("certificates: %w", err), c.remove())
	}
	return c, nil
}

// httpClient keeps no connections, which would be those of a former server.
func httpClient(cfg *rest.Config) (*http.Client, error) {
	tlsConfig, err := rest.TLSConfigFor(cfg)
	if err != nil {
		return nil, err
	}
	tlsConfig.MinVersion = tls.VersionTLS13
	return &http.Client{Transport: &http.Transport{TLSClientConfig: tlsConfig, DisableKeepAlives: true}}, nil
}

func (c *ControlPlane) start(ctx context.Context, work *Work) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	work.Now("starting etcd")
	ctxEtcd, cancel := c.within(ctx)
	defer cancel()
	var err error
	c.etcd, err = startChild("etcd", filepath.Join(c.cfg.Assets, "etcd"),
		c.cfg.etcdFlags(c.dir, c.etcdAddr, c.peerAddr), c.cfg.Log)
	if err != nil {
		return err
	}
	if err := c.etcd.awaitOK(ctxEtcd, c.client, "http://"+c.etcdAddr+"/health"); err != nil {
		return err
	}
	work.Now("starting kube-apiserver")
	return c.startAPIServer(ctx)
}

func (c *ControlPlane) within(ctx context.Context) (context.Context, context.CancelFunc) {
	d := c.cfg.startTimeout()
	return context.WithTimeoutCause(ctx, d, fmt.Errorf("gave up after %v (Config.StartTimeout)", d))
}

// startAPIServer is called with the lock held.
func (c *ControlPlane) startAPIServer(ctx context.Context) error {
	ctx, cancel := c.within(ctx)
	defer cancel()
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return err
	}
	server, err := startChild("kube-apiserver", filepath.Join(c.cfg.Assets, "kube-apiserver"),
		c.cfg.apiServerFlags(c.dir, c.etcdAddr, host, port), c.cfg.Log)
	if err != nil {
		return err
	}
	// It makes the namespace after it has said that it is ready.
	err = server.awaitOK(ctx, c.client, c.admin.Host+"/readyz", c.admin.Host+"/api/v1/namespaces/default")
	if err != nil {
		return errors.Join(err, server.stop(0))
	}
	c.apiServer = server
	return nil
}

// Stop ends both servers and removes their data. Nothing of them is wanted any
// more, so it kills. Later calls do nothing.
func (c *ControlPlane) Stop() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped {
		return nil
	}
	c.stopped = true
	err := errors.Join(c.apiServer.stop(0), c.etcd.stop(0), c.remove())
	if err != nil {
		return fmt.Errorf("controlplane: stop: %w", err)
	}
	return nil
}
