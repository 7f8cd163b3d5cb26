package candidate

import (
	"context"
	"fmt"
	"time"
)

// HandOver is what one took.
type HandOver struct {
	// FromCancel is from the end of the leader's context to the start of the
	// next leader's work, FromReturn from the return of the leader's work.
	FromCancel, FromReturn time.Duration
}

// HandOver ends the leader as SIGTERM would, waits for the next one, and lets
// another replica take the former's place. Settle comes before it.
func (s *Set) HandOver(ctx context.Context) (HandOver, error) {
	if s.lost() {
		return HandOver{}, ErrLost
	}
	former := s.leader
	cancelled := time.Now()
	former.by.stop()
	if err := s.next(ctx); err != nil {
		return HandOver{}, err
	}
	<-former.over
	<-former.by.done
	if s.leader.by == former.by {
		return HandOver{}, fmt.Errorf("%s: the leader that was ended leads again", s.cfg.Name)
	}
	s.leave(former.by)
	return HandOver{
		FromCancel: s.leader.started.Sub(cancelled),
		FromReturn: s.leader.started.Sub(former.ended),
	}, s.Join(former.by.client)
}

// CloseIdle closes the idle connections of the standbys, as happens by itself
// when they have stood by for 90 s.
func (s *Set) CloseIdle() {
	for _, r := range s.replicas {
		if r != s.leader.by {
			r.client.CloseIdle()
		}
	}
}
