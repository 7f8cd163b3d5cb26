package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes/fake"
	kubetesting "k8s.io/client-go/testing"

	"github.com/regent-ha/regent/examples/ha-server/internal/api"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

type watchInterface = watch.Interface

// fakeWatch is a client whose watches get what the test sends.
func fakeWatch() (*fake.Clientset, *watch.FakeWatcher) {
	client, events := fake.NewClientset(), watch.NewFake()
	client.PrependWatchReactor("configmaps", func(kubetesting.Action) (bool, watch.Interface, error) { return true, events, nil })
	return client, events
}

// line is one of a watch.
type line struct {
	Type, ResourceVersion, Reason string
	Space                         *space.Space
}

// lines are those of a watch, to its end.
type lines struct {
	body io.ReadCloser
	text *bufio.Reader
}

func (s *served) watch(t *testing.T, query string) *lines {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.base+spaces+"?watch=true"+query, http.NoBody)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.Equal(t, "application/jsonl", response.Header.Get("Content-Type"))
	return &lines{response.Body, bufio.NewReader(response.Body)}
}

func (l *lines) next(t *testing.T) line {
	t.Helper()
	text, err := l.text.ReadString('\n')
	require.NoError(t, err)
	var next line
	require.NoError(t, json.Unmarshal([]byte(text), &next), text)
	return next
}

// ended finds that the stream ends as it should: not in the middle.
func (l *lines) ended(t *testing.T) {
	t.Helper()
	_, err := l.text.ReadString('\n')
	require.Equal(t, io.EOF, err)
}

func object(name, version string) *corev1.ConfigMap {
	o := space.Request{Name: name, Owner: "ann"}.Object()
	o.ResourceVersion = version
	return o
}

func TestWatchPassesChangesOn(t *testing.T) {
	t.Parallel()
	client, events := fakeWatch()
	w := serve(t, client.CoreV1().ConfigMaps("ns")).watch(t, "")
	events.Add(object("a", "1"))
	require.Equal(t, "a", w.next(t).Space.Name)
	events.Add(&corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "foreign"}})
	events.Modify(object("a", "2"))
	changed := w.next(t)
	require.Equal(t, []string{"MODIFIED", "2"}, []string{changed.Type, changed.ResourceVersion}, "no word of what is no space")
	events.Delete(object("a", "3"))
	require.Equal(t, "DELETED", w.next(t).Type)
	events.Action(watch.Bookmark, object("", "9"))
	require.Equal(t, line{Type: "BOOKMARK", ResourceVersion: "9"}, w.next(t))
	events.Stop()
	require.Equal(t, line{Type: "END", Reason: "the Kubernetes API ended the watch"}, w.next(t))
	w.ended(t)
}

func TestWatchTellsOfAnError(t *testing.T) {
	t.Parallel()
	client, events := fakeWatch()
	w := serve(t, client.CoreV1().ConfigMaps("ns")).watch(t, "&resourceVersion=1")
	events.Error(&metav1.Status{Status: metav1.StatusFailure, Code: http.StatusGone, Reason: metav1.StatusReasonExpired, Message: "too old resource version"})
	require.Equal(t, line{Type: "END", Reason: "too old resource version"}, w.next(t))
	w.ended(t)
}

func TestWatchEndsAtShutdown(t *testing.T) {
	t.Parallel()
	client, _ := fakeWatch()
	s := serve(t, client.CoreV1().ConfigMaps("ns"))
	w := s.watch(t, "")
	s.end()
	require.Equal(t, line{Type: "END", Reason: "this replica shuts down"}, w.next(t))
	w.ended(t)
	require.NoError(t, <-s.ran)
}

// A client that goes takes its watch of Kubernetes with it.
func TestWatchEndsWithItsClient(t *testing.T) {
	t.Parallel()
	client, events := fakeWatch()
	w := serve(t, client.CoreV1().ConfigMaps("ns")).watch(t, "")
	require.NoError(t, w.body.Close())
	_, open := <-events.ResultChan()
	require.False(t, open)
}

// A client that reads nothing is given up, and does not hold up a shutdown.
func TestSlowWatchIsGivenUp(t *testing.T) {
	t.Parallel()
	events := flood{make(chan watch.Event), make(chan struct{})}
	client := fake.NewClientset()
	client.PrependWatchReactor("configmaps", func(kubetesting.Action) (bool, watch.Interface, error) { return true, events, nil })
	s := serve(t, client.CoreV1().ConfigMaps("ns"), func(cfg *api.Config) { cfg.Stall = 100 * time.Millisecond })
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.base, "http://"))
	require.NoError(t, err)
	defer func() { _ = connection.Close() }()
	_, err = io.WriteString(connection, "GET "+spaces+"?watch=true HTTP/1.1\r\nHost: x\r\n\r\n")
	require.NoError(t, err)
	large := object("a", "1")
	large.Data["owner"] = strings.Repeat("x", 1<<20)
	for stopped := false; !stopped; { // no read: its buffers and those of the system fill
		select {
		case events.changes <- watch.Event{Type: watch.Modified, Object: large}:
		case <-events.stopped:
			stopped = true
		}
	}
	s.end()
	require.NoError(t, <-s.ran)
}

// flood is a watch that sees changes until it is stopped.
type flood struct {
	changes chan watch.Event
	stopped chan struct{}
}

func (f flood) ResultChan() <-chan watch.Event { return f.changes }
func (f flood) Stop()                          { close(f.stopped) }

// The bounds for requests that end soon do not end a watch, nor does a pause
// between two lines.
func TestWatchOutlivesTheBoundsOfRequests(t *testing.T) {
	t.Parallel()
	const bound = 100 * time.Millisecond
	client, events := fakeWatch()
	s := serve(t, client.CoreV1().ConfigMaps("ns"), func(cfg *api.Config) { cfg.RequestTimeout, cfg.Stall = bound, bound })
	w := s.watch(t, "")
	for range 2 {
		<-time.After(4 * bound) // the bound of a response is three times this
		large := object("a", "1")
		large.Data["owner"] = strings.Repeat("x", 64<<10) // more than is held back before it is sent
		events.Add(large)
		require.Equal(t, "a", w.next(t).Space.Name)
	}
}

// A Kubernetes API that does not answer is told, also of a watch.
func TestWatchThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	objects := hanging{fake.NewClientset().CoreV1().ConfigMaps("ns")}
	s := serve(t, objects, func(cfg *api.Config) { cfg.RequestTimeout = 10 * time.Millisecond })
	require.Equal(t, http.StatusServiceUnavailable, s.ask(t, http.MethodGet, spaces+"?watch=true", "").code)
	require.Equal(t, http.StatusServiceUnavailable, s.ask(t, http.MethodGet, spaces, "").code)
}

// hanging is a Kubernetes API that does not answer.
type hanging struct{ configMaps }

func (hanging) List(ctx context.Context, _ metav1.ListOptions) (*corev1.ConfigMapList, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (hanging) Watch(ctx context.Context, _ metav1.ListOptions) (watch.Interface, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
