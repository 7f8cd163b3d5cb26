package api_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"

	"github.com/regent-ha/regent/examples/ha-server/internal/api"
)

type configMaps = corev1client.ConfigMapInterface

// gated is a Kubernetes API whose creations wait for the test.
type gated struct {
	configMaps
	asked, open chan struct{}
}

func (g gated) Create(ctx context.Context, object *corev1.ConfigMap, o metav1.CreateOptions) (*corev1.ConfigMap, error) {
	close(g.asked)
	<-g.open
	return g.configMaps.Create(ctx, object, o)
}

// A request in flight is answered; nobody else is.
func TestShutdownFinishesRequests(t *testing.T) {
	t.Parallel()
	objects := gated{fake.NewClientset().CoreV1().ConfigMaps("ns"), make(chan struct{}), make(chan struct{})}
	s := serve(t, objects)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+spaces, strings.NewReader(teamA))
	require.NoError(t, err)
	request.Header.Set("Content-Type", "application/json")
	code := make(chan int, 1)
	go func() {
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			code <- 0
			return
		}
		_ = response.Body.Close()
		code <- response.StatusCode
	}()
	<-objects.asked
	s.end()
	address := strings.TrimPrefix(s.base, "http://")
	for {
		connection, err := net.Dial("tcp", address)
		if err != nil {
			break // no longer accepted
		}
		require.NoError(t, connection.Close())
	}
	select {
	case err := <-s.ran:
		require.Fail(t, "Run has returned while a request was handled", err)
	default:
	}
	close(objects.open)
	require.Equal(t, http.StatusCreated, <-code)
	require.NoError(t, <-s.ran)
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	s := serve(t, fake.NewClientset().CoreV1().ConfigMaps("ns"))
	address := strings.TrimPrefix(s.base, "http://")
	second, err := api.New(api.Config{Address: address})
	require.NoError(t, err)
	err = second.Run(t.Context())
	require.ErrorContains(t, err, "api: -api="+address)
	require.ErrorContains(t, err, "in use")
	require.ErrorContains(t, err, "mend: ")
}
