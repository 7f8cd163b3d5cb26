package controlplane

import (
	"errors"
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Config returns the configuration of an administrator, a member of
// system:masters, whom no rule of RBAC binds. Like that of User it is a copy,
// and its clients are not limited in queries per second.
func (c *ControlPlane) Config() *rest.Config { return rest.CopyConfig(c.admin) }

// User returns the configuration of a user with a client certificate. What the
// user may do, RBAC says: at first, what every authenticated user may.
func (c *ControlPlane) User(name string, groups ...string) (*rest.Config, error) {
	if name == "" {
		return nil, errors.New("controlplane: user: name is empty; give one")
	}
	certPEM, keyPEM, err := c.ca.client(name, groups)
	if err != nil {
		return nil, fmt.Errorf("controlplane: user %s: %w", name, err)
	}
	return &rest.Config{
		Host: "https://" + c.addr,
		TLSClientConfig: rest.TLSClientConfig{
			CAData:   c.ca.pem(),
			CertData: certPEM,
			KeyData:  keyPEM,
		},
		QPS: -1,
	}, nil
}

// Kubeconfig returns the file that lets kubectl, or any other client, be the
// user of cfg, a configuration from Config or User.
func Kubeconfig(cfg *rest.Config) ([]byte, error) {
	const name = "regent"
	file := api.NewConfig()
	file.Clusters[name] = &api.Cluster{Server: cfg.Host, CertificateAuthorityData: cfg.CAData}
	file.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: cfg.CertData, ClientKeyData: cfg.KeyData}
	file.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	file.CurrentContext = name
	return clientcmd.Write(*file)
}

// WriteKubeconfig writes the Kubeconfig of the administrator to path, readable
// by the owner alone.
func (c *ControlPlane) WriteKubeconfig(path string) error {
	data, err := Kubeconfig(c.admin)
	if err != nil {
		return fmt.Errorf("controlplane: kubeconfig: %w", err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		return fmt.Errorf("controlplane: kubeconfig: %w", err)
	}
	return nil
}
