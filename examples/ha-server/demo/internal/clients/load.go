package clients

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"syscall"
	"time"

	"github.com/regent-ha/regent/examples/ha-server/internal/pods"
	"github.com/regent-ha/regent/examples/ha-server/internal/space"
)

// RequestsPerSecond is how many requests the clients send, whatever becomes of
// those before.
const RequestsPerSecond = 200

// Load is clients that ask the replicas in turn, and never repeat a request:
// each has a connection of its own, as Go's transport repeats some that fail on
// one that was used before.
type Load struct {
	rotation *Rotation
	client   *http.Client

	mu    sync.Mutex // guards the fields below
	tally Tally
	acked []string // names of the spaces that were acknowledged
}

// NewLoad returns a Load on whoever is in the rotation.
func NewLoad(r *Rotation) *Load {
	return &Load{rotation: r, client: &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DisableKeepAlives: true},
	}}
}

// Run sends requests until ctx ends, and waits for the answers.
func (l *Load) Run(ctx context.Context) error {
	tick := time.NewTicker(time.Second / RequestsPerSecond)
	defer tick.Stop()
	var flying sync.WaitGroup
	defer flying.Wait()
	for i := 0; ; i++ {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			flying.Go(func() { l.one(context.WithoutCancel(ctx), i) })
		}
	}
}

// one sends a request: each fourth creates a space, one lists, the others get a
// space that was acknowledged.
func (l *Load) one(ctx context.Context, i int) {
	pod := l.rotation.take()
	if pod == nil {
		l.count(func(t *Tally) { t.fail(errors.New("no replica is ready")) })
		return
	}
	sent := time.Now()
	var err error
	switch i % 4 {
	case 0:
		err = l.Create(ctx, pod, fmt.Sprintf("load-%d", i))
	case 1:
		err = l.Ask(ctx, pod, http.MethodGet, "?limit=20", nil, http.StatusOK, nil)
	default:
		err = l.get(ctx, pod)
	}
	l.judge(pod, sent, err)
}

// Create asks a replica for a space, and notes it if that is acknowledged.
func (l *Load) Create(ctx context.Context, pod *pods.Pod, name string) error {
	err := l.Ask(ctx, pod, http.MethodPost, "", map[string]string{"name": name, "owner": "load"}, http.StatusCreated, nil)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.acked = append(l.acked, name)
	}
	return err
}

func (l *Load) get(ctx context.Context, pod *pods.Pod) error {
	l.mu.Lock()
	if len(l.acked) == 0 {
		l.mu.Unlock()
		return l.Ask(ctx, pod, http.MethodGet, "?limit=1", nil, http.StatusOK, nil)
	}
	name := l.acked[rand.N(len(l.acked))]
	l.mu.Unlock()
	var s space.Space
	if err := l.Ask(ctx, pod, http.MethodGet, "/"+name, nil, http.StatusOK, &s); err != nil {
		return err
	}
	if s.Name != name {
		return fmt.Errorf("asked for %s, got %s", name, s.Name)
	}
	return nil
}

// Ask sends one request and wants one answer, of the replica that was asked.
func (l *Load) Ask(ctx context.Context, pod *pods.Pod, method, path string, body any, want int, into any) error {
	var content io.Reader = http.NoBody
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://"+pod.API+"/api/v1/spaces"+path, content)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := l.client.Do(request)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	switch by := response.Header.Get("Served-By"); {
	case err != nil:
		return err
	case response.StatusCode != want:
		return fmt.Errorf("%s %s of %s: %s: %s", method, path, pod.Name, response.Status, bytes.TrimSpace(text))
	case by != pod.Name:
		return fmt.Errorf("asked %s, but %q answered", pod.Name, by)
	case into == nil:
		return nil
	}
	return json.Unmarshal(text, into)
}

// judge counts what became of a request.
func (l *Load) judge(pod *pods.Pod, sent time.Time, err error) {
	refused := errors.Is(err, syscall.ECONNREFUSED)
	if refused {
		l.rotation.out(pod)
	}
	inFlight, dead := l.rotation.lost(pod, sent)
	l.count(func(t *Tally) {
		switch {
		case err == nil:
			t.answer(pod.Name, time.Since(sent))
		case refused && dead:
			t.Refused++
		case inFlight:
			t.InFlight++
		default:
			t.fail(fmt.Errorf("%s: %w", pod.Name, err))
		}
	})
}

func (l *Load) count(f func(*Tally)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.tally)
}

// Next returns what became of the requests since the last call.
func (l *Load) Next() Tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.tally
	l.tally = Tally{}
	return t
}

// Acknowledged are the names of all spaces whose creation was.
func (l *Load) Acknowledged() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.acked...)
}
