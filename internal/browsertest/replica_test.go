package browsertest_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/regent-ha/regent/ha"
	"github.com/regent-ha/regent/leaderelection"
)

// script is a Runner that leads when it is told to, and says what it is told.
type script struct {
	mu     sync.Mutex // guards the field below
	status leaderelection.Status
	leads  chan struct{} // one of its values makes lead begin
	ends   chan error    // one of its values makes lead end
}

func newScript(status leaderelection.Status) *script {
	return &script{status: status, leads: make(chan struct{}, 1), ends: make(chan error, 1)}
}

func (s *script) Run(ctx context.Context, lead func(context.Context) error) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.leads:
		}
		term := leaderelection.NewTerm(leaderelection.TermConfig{Token: s.Status().Token, Identity: s.Status().Identity})
		termCtx, cancel := context.WithCancelCause(leaderelection.WithTerm(context.WithoutCancel(ctx), term))
		go func() {
			select {
			case <-ctx.Done():
				cancel(leaderelection.ErrShutdown)
			case cause := <-s.ends:
				cancel(cause)
			case <-termCtx.Done():
			}
		}()
		err := lead(termCtx)
		cancel(nil)
		if err != nil {
			return err
		}
	}
}

// Status is as of now: a term's deadline moves as if renewals succeeded.
func (s *script) Status() leaderelection.Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	status := s.status
	if status.Leader {
		status.Renewed = time.Now().Add(-3200 * time.Millisecond)
		status.Deadline = status.Renewed.Add(10 * time.Second)
	}
	return status
}

func (s *script) change(f func(*leaderelection.Status)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f(&s.status)
}

// replica is a Group on an address of its own, which stays when it is stopped
// and started again.
type replica struct {
	t       *testing.T
	cfg     ha.Config
	stop    func()
	address string
}

func newReplica(t *testing.T, cfg ha.Config) *replica {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	cfg.Listen = listener.Addr().String()
	require.NoError(t, listener.Close())
	cfg.Signals = []os.Signal{}
	cfg.Logger = slog.New(slog.DiscardHandler)
	r := &replica{t: t, cfg: cfg, address: "http://" + cfg.Listen}
	r.start()
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *replica) start() {
	r.t.Helper()
	group, err := ha.New(r.cfg)
	require.NoError(r.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- group.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		require.NoError(r.t, <-ended)
	})
	require.Eventually(r.t, func() bool { return r.answers("/healthz") }, 10*time.Second, 20*time.Millisecond)
}

func (r *replica) answers(path string) bool {
	response, err := http.Get(r.address + path)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode == http.StatusOK
}

// component works until it is told to stop, and then until returns is closed.
func component(name string, returns <-chan struct{}) ha.Component {
	return ha.Component{
		Name:  name,
		Check: func(*http.Request) error { return nil },
		Run: func(ctx context.Context) error {
			<-ctx.Done()
			if returns != nil {
				<-returns
			}
			return nil
		},
	}
}

const (
	podA, podB = "ha-server-7d9c5b8f4-x2v9k", "ha-server-7d9c5b8f4-qm4tz"
	identityA  = podA + "_5c1f0f9e-6a52-4f0b-9d0b-3b1c8c2a7e11"
	identityB  = podB + "_e2b8b2f4-0a51-4c43-8f2e-0c6f5a0d9b27"
)

// election is what an Elector says on the replica A, with B in the lead.
func election() leaderelection.Status {
	now := time.Now()
	candidates := []leaderelection.Candidate{
		{Identity: identityA, Pod: podA, Since: now.Add(-5 * time.Hour)},
		{Identity: identityB, Pod: podB, Since: now.Add(-26 * time.Hour)},
		{Identity: "ha-server-7d9c5b8f4-8wz2h_77aa0c52-5d1c-4f6c-a7d6-90f1f5a1c0de", Pod: "ha-server-7d9c5b8f4-8wz2h", Since: now.Add(-11 * time.Minute)},
	}
	return leaderelection.Status{
		Lock: "lease ha/ha-server", Identity: identityA, Phase: "standby", Holder: identityB, Token: 4698,
		Acquired: now.Add(-47 * time.Minute), Renewed: now.Add(-1800 * time.Millisecond), Transitions: 12,
		Candidates: candidates, Contact: 1800 * time.Millisecond, Watching: true,
	}
}

// leads makes the status that of a leader.
func leads(s *leaderelection.Status) {
	s.Phase, s.Leader, s.Holder, s.Token, s.Transitions = "leading", true, identityA, 4711, 13
	s.Acquired = time.Now().Add(-192 * time.Minute)
}

// history is a night's.
func history() *ha.History {
	h, now := new(ha.History), time.Now()
	for _, e := range []leaderelection.Event{
		{Kind: leaderelection.EventHolder, Time: now.Add(-26 * time.Hour), Holder: identityB, Token: 4402},
		{Kind: leaderelection.EventPolling, Time: now.Add(-25 * time.Hour), Err: errors.New(`leases.coordination.k8s.io "ha-server" is forbidden: cannot watch resource "leases"`)},
		{Kind: leaderelection.EventHolder, Time: now.Add(-9 * time.Hour), Holder: ""},
		{Kind: leaderelection.EventElected, Time: now.Add(-9*time.Hour + 12*time.Millisecond), Holder: identityA, Token: 4533},
		{Kind: leaderelection.EventEnded, Time: now.Add(-7 * time.Hour), Token: 4533, Err: leaderelection.ErrDeadline},
		{Kind: leaderelection.EventHolder, Time: now.Add(-7*time.Hour + 5*time.Second), Holder: identityB, Token: 4698},
		{Kind: leaderelection.EventHolder, Time: now.Add(-192*time.Minute - 21*time.Millisecond), Holder: ""},
		{Kind: leaderelection.EventElected, Time: now.Add(-192 * time.Minute), Holder: identityA, Token: 4711},
	} {
		h.Observe(e)
	}
	return h
}

// hostile are names and errors as nobody should choose them, and somebody will.
func hostile(s *leaderelection.Status) {
	long := strings.Repeat("w", 4000)
	s.Holder = `<script>document.title="owned"</script><img src=x onerror=alert(1)>` + long
	s.Lock = "lease " + long + "/\u202eesrever\u2066"
	s.Err = fmt.Errorf("refused: %s </style><script>alert(2)</script> \u202e", strings.Repeat("no-space-anywhere-", 400))
	s.Candidates = nil
	for i := range 64 {
		s.Candidates = append(s.Candidates, leaderelection.Candidate{
			Identity: fmt.Sprintf("%d-\u202e\"'><b>%s", i, long), Pod: "\u2067\u05d0\u05d1\u05d2" + long, Since: time.Now().Add(time.Hour),
		})
	}
}
