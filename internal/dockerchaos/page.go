package dockerchaos

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/regent-ha/regent/internal/journal"
)

// page is what a replica says of itself at /leaderz.
type page struct {
	Leader string `json:"leader"` // an identity
	Leads  bool   `json:"leads"`
	Token  uint64 `json:"token"`
	Error  string `json:"error"`
	Heard  string `json:"heard_of_the_api_server"` // a duration, and "ago"
}

// heard is when it heard of the API server last.
func (p page) heard() (time.Duration, error) {
	ago, err := time.ParseDuration(strings.TrimSuffix(p.Heard, " ago"))
	return journal.Now() - ago, err
}

// leader is the replica's name in an identity.
func (p page) leader() string {
	name, _, _ := strings.Cut(p.Leader, "_")
	return name
}

// page asks over the bridge. It fails while the container is disconnected.
func (c *container) page(ctx context.Context, client *http.Client) (p page, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s:8080/leaderz", c.address), nil)
	if err != nil {
		return p, err
	}
	response, err := client.Do(request)
	if err != nil {
		return p, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return p, err
	}
	return p, json.Unmarshal(text, &p)
}
