package mixed_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"k8s.io/client-go/kubernetes"

	"github.com/regent-ha/regent/internal/mixed"
)

// newStage returns a stage under load, with a lock of its own.
func newStage(t *testing.T, kinds ...mixed.Kind) *mixed.Stage {
	t.Helper()
	server, dir := plane.Get(t).Config(), t.TempDir()
	log, err := os.Create(filepath.Join(dir, "replicas.log"))
	require.NoError(t, err)
	cfg := mixed.Config{
		Server: server, Namespace: plane.Namespace(t), Lease: 5 * time.Second, Renew: 3 * time.Second, Retry: time.Second,
		Drain: 100 * time.Millisecond, Programs: make(map[mixed.Kind]string), Dir: dir, Log: log,
	}
	for _, kind := range kinds {
		if programs[kind] != nil {
			cfg.Programs[kind] = program(t, kind)
		}
	}
	s := mixed.NewStage(cfg)
	client, err := kubernetes.NewForConfig(server)
	require.NoError(t, err)
	load(t, client, cfg.Namespace)
	t.Cleanup(func() {
		s.Close()
		if text, err := os.ReadFile(log.Name()); t.Failed() && assert.NoError(t, err) {
			t.Logf("logs of the replicas:\n%s", text)
		}
		assert.NoError(t, log.Close())
	})
	return s
}

// programs are built one after another, once each.
var programs = map[mixed.Kind]func() (string, error){
	mixed.Kooper08: build(mixed.Kooper08),
	mixed.Kooper28: build(mixed.Kooper28),
}

func build(kind mixed.Kind) func() (string, error) {
	return sync.OnceValues(func() (string, error) { return mixed.Build(context.Background(), kind, ".", os.Stderr) })
}

// program returns the program of a kooper, or skips the test.
func program(t *testing.T, kind mixed.Kind) string {
	t.Helper()
	path, err := programs[kind]()
	if errors.Is(err, mixed.ErrNoModules) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	require.NoError(t, err)
	return path
}

func load(t *testing.T, client kubernetes.Interface, namespace string) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		changes, err := mixed.Load(ctx, client, namespace)
		assert.NoError(t, err)
		t.Logf("the load was %d changes", changes)
	}()
	t.Cleanup(func() {
		cancel()
		<-ended
	})
}
