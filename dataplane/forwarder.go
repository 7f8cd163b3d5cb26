package dataplane

import "context"

// Forwarder forwards packets for services.
type Forwarder interface {
	// Apply makes cfg what is forwarded. It validates cfg first, and changes
	// nothing if that fails; what is as before is left alone. A service changes
	// in one step: no packet is lost, and no connection whose endpoint stays is
	// moved, unless it was silent for longer than the service's idle timeout. It
	// returns once new connections go where cfg says, or with an error that names
	// the services that could not be changed, which forward as before.
	Apply(ctx context.Context, cfg Config) error
}
