package model

import "fmt"

// Verdict is what becomes of a packet: the zero value leaves it to the host.
type Verdict struct {
	// Drop is why it is dropped.
	Drop Reason
	// To is the endpoint to which a client's packet goes, as if from Port, or
	// from the client if that is 0.
	To   Endpoint
	Port Port
	// Answers is the connection to whose client an endpoint's packet goes, as if
	// from the VIP.
	Answers *Flow
}

// Reason is why a packet is dropped.
type Reason string

// The reasons that have to do with connections.
const (
	NoEndpoint Reason = "no-endpoint"
	NoFlow     Reason = "no-flow"
	NoPort     Reason = "no-port"
	Hairpin    Reason = "hairpin"
	Collision  Reason = "collision"
)

func (v Verdict) String() string {
	switch {
	case v.Drop != "":
		return "drop: " + string(v.Drop)
	case v.To != None:
		return fmt.Sprintf("to endpoint %d from port %d", v.To, v.Port)
	case v.Answers != nil:
		return fmt.Sprintf("to client %d from service %d", v.Answers.Client, v.Answers.Service)
	}
	return "leave"
}
