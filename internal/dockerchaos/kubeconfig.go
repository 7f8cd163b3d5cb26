package dockerchaos

import (
	"os"

	"k8s.io/client-go/tools/clientcmd"

	"github.com/regent-ha/regent/internal/controlplane"
)

// writeKubeconfig makes the file that containers reach the API server with: by
// the relay's address, and by the name that is in the server's certificate. The
// user that they run as may read it; the control plane is a throw-away one.
func writeKubeconfig(name string, plane *controlplane.ControlPlane, r *relay) error {
	text, err := controlplane.Kubeconfig(plane.Config())
	if err != nil {
		return err
	}
	file, err := clientcmd.Load(text)
	if err != nil {
		return err
	}
	for _, cluster := range file.Clusters {
		cluster.Server, cluster.TLSServerName = "https://"+r.address(), "localhost"
	}
	if text, err = clientcmd.Write(*file); err != nil {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}
