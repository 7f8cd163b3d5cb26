package control

import (
	"net/netip"

	"github.com/regent-ha/regent/dataplane"
)

// Flow is a connection that is remembered.
type Flow struct {
	Protocol string `json:"protocol"`
	// Client and VIP are its ends as the client knows them, Endpoint is where it
	// goes, SNAT what the endpoint takes for the client.
	Client   string `json:"client"`
	VIP      string `json:"vip"`
	Endpoint string `json:"endpoint"`
	SNAT     string `json:"snat,omitempty"`
	// State is new, established or closing.
	State string `json:"state"`
	// IdleSeconds is for how long it has been silent. It is forgotten in
	// ExpiresSeconds if it stays so.
	IdleSeconds    float64 `json:"idle_seconds"`
	ExpiresSeconds float64 `json:"expires_seconds"`
	// Error: no flow, but why there are no more.
	Error string `json:"error,omitempty"`
}

// Endpoints are those that were found.
type Endpoints struct {
	Endpoints []netip.AddrPort `json:"endpoints"`
}

// Refusal is why something was not done.
type Refusal struct {
	Error string `json:"error"`
}

func newFlow(f dataplane.Flow) Flow {
	told := Flow{
		Protocol: f.Protocol.String(), Client: f.Client.String(), VIP: f.VIP.String(), Endpoint: f.Endpoint.String(),
		State: f.State, IdleSeconds: f.Idle.Seconds(), ExpiresSeconds: f.Expires.Seconds(),
	}
	if f.SNAT.IsValid() {
		told.SNAT = f.SNAT.String()
	}
	return told
}
