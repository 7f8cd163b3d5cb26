package leaderelection_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/regent-ha/regent/leaderelection"
)

// BenchmarkGate measures round trips through the gate, in a valid term, and the
// same without it in the same run: x-floor is their ratio, ns-more the
// difference of one. "nothing" is a RoundTripper that answers at once, "loopback"
// a server on this machine.
func BenchmarkGate(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	over := &http.Transport{}
	defer over.CloseIdleConnections()
	for _, to := range []struct {
		name, url string
		next      http.RoundTripper
	}{{"nothing", "http://api.example", transport(sends)}, {"loopback", server.URL, over}} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			b.Run(to.name+"/"+method, func(b *testing.B) {
				benchmarkGate(b, to.next, method, to.url+"/api/v1/namespaces/default/pods")
			})
		}
	}
}

func benchmarkGate(b *testing.B, next http.RoundTripper, method, url string) {
	deadline := time.Now().Add(time.Hour)
	term := leaderelection.NewTerm(leaderelection.TermConfig{
		Token: 7, Deadline: func() time.Time { return deadline }, Done: make(chan struct{}),
	})
	ctx := leaderelection.WithTerm(b.Context(), term)
	const batch = 100 // reading the clock takes time, too
	trips := func(next http.RoundTripper) time.Duration {
		from := time.Now()
		for range batch {
			r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader("{}"))
			if err != nil {
				b.Fatal(err)
			}
			response, err := next.RoundTrip(r)
			if err != nil {
				b.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
		}
		return time.Since(from)
	}
	var floors, gates []time.Duration
	for b.Loop() { // by turns, and medians of them: others use this machine
		floors, gates = append(floors, trips(next)), append(gates, trips(leaderelection.Gate(next)))
		gates, floors = append(gates, trips(leaderelection.Gate(next))), append(floors, trips(next))
	}
	floor, gated := median(floors)/batch, median(gates)/batch
	b.ReportMetric(0, "ns/op") // of both
	b.ReportMetric(float64(gated)/float64(floor), "x-floor")
	b.ReportMetric(float64(gated-floor), "ns-more")
	b.ReportMetric(float64(floor), "ns-floor")
}

func median(times []time.Duration) time.Duration {
	slices.Sort(times)
	return times[len(times)/2]
}
