package promotion

import (
	"context"
	"errors"
	"fmt"

	"github.com/regent-ha/regent/internal/bench/warm/outcome"
)

// candidate is what is promoted, again and again.
type candidate interface {
	kind() outcome.Kind
	// promote makes it lead, waits until all objects are handled, and ends that.
	promote(ctx context.Context) (took, error)
	// lists is how often all objects were asked for so far; ok: it is known.
	lists() (n int, ok bool)
	// close ends it.
	close() error
}

var errEnded = errors.New("it ended before all objects were handled")

func errEarly(err error) error {
	if err == nil {
		return errEnded
	}
	return fmt.Errorf("%w: %w", errEnded, err)
}
