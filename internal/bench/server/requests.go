package server

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/client-go/kubernetes"
)

// Requests is how many requests for one resource the API server has answered,
// by verb. A watch counts when it ends.
type Requests map[string]float64

// CountRequests reads the metrics of the API server.
func CountRequests(ctx context.Context, client kubernetes.Interface, resource string) (Requests, error) {
	text, err := client.CoreV1().RESTClient().Get().AbsPath("/metrics").DoRaw(ctx)
	if err != nil {
		return nil, fmt.Errorf("metrics of the API server: %w", err)
	}
	return ParseRequests(text, resource)
}

// ParseRequests adds up the series of apiserver_request_total for a resource.
func ParseRequests(metrics []byte, resource string) (Requests, error) {
	total, label := make(Requests), regexp.MustCompile(`(\w+)="([^"]*)"`)
	lines := bufio.NewScanner(bytes.NewReader(metrics))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		series, ok := strings.CutPrefix(lines.Text(), "apiserver_request_total{")
		if !ok {
			continue
		}
		labels, value, ok := strings.Cut(series, "} ")
		if !ok {
			return nil, fmt.Errorf("metrics of the API server: %q is no series", lines.Text())
		}
		of := make(map[string]string)
		for _, m := range label.FindAllStringSubmatch(labels, -1) {
			of[m[1]] = m[2]
		}
		if of["resource"] != resource {
			continue
		}
		n, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("metrics of the API server: %q: %w", lines.Text(), err)
		}
		total[strings.ToLower(of["verb"])] += n
	}
	return total, lines.Err()
}

// Since is what was answered after an earlier reading.
func (r Requests) Since(earlier Requests) Requests {
	diff := make(Requests)
	for verb, n := range r {
		diff[verb] = n - earlier[verb]
	}
	return diff
}

// Total is all of them.
func (r Requests) Total() (n float64) {
	for _, v := range r {
		n += v
	}
	return n
}
