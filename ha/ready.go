package ha

import (
	"errors"
	"fmt"
)

// components returns the state of all parts.
func (r *run) components() []ComponentStatus {
	var all []ComponentStatus
	for _, p := range r.parts() {
		all = append(all, p.status())
	}
	return all
}

// ready is what keeps this replica from doing its part: serve, and take over.
func (r *run) ready(components []ComponentStatus) error {
	if !r.g.running.Load() {
		return errors.New("ha: not running")
	}
	if order := r.stopping(); order != nil {
		return fmt.Errorf("ha: shutting down: %w", order)
	}
	var missing []error
	for _, c := range components {
		switch {
		case c.Err != nil:
			missing = append(missing, fmt.Errorf("ha: component %q is not ready: %w", c.Name, c.Err))
		case c.State == StateWaiting:
			missing = append(missing, fmt.Errorf("ha: component %q has not been started", c.Name))
		}
	}
	return errors.Join(missing...)
}
