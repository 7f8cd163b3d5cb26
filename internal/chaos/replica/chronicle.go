package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/regent-ha/regent/internal/chaos/history"
	"github.com/regent-ha/regent/internal/journal"
	"github.com/regent-ha/regent/leaderelection"
)

// errUnwritten: a history with holes proves nothing, so the replica ends.
var errUnwritten = errors.New("the history cannot be written")

// chronicle is where a replica says what it does.
type chronicle struct {
	replica string
	journal *journal.Journal
	file    *history.Writer
	fail    func(error)
}

func newChronicle(dir, replica string, fail func(error)) (*chronicle, error) {
	file, err := history.Create(dir, replica)
	if err != nil {
		return nil, err
	}
	return &chronicle{replica: replica, journal: journal.New(replica, os.Stdout), file: file, fail: fail}, nil
}

func (c *chronicle) close() error { return c.file.Close() }

// write keeps an entry.
func (c *chronicle) write(e history.Entry) {
	if err := c.file.Write(e); err != nil {
		c.fail(fmt.Errorf("%w: %w", errUnwritten, err))
	}
}

// term keeps an entry about a term, and tells it at once.
func (c *chronicle) term(e history.Entry, kind journal.Kind) {
	c.write(e)
	c.journal.Write(journal.Line{Kind: kind, Token: e.Token})
}

// observe implements leaderelection.Observer.
func (c *chronicle) observe(e leaderelection.Event) {
	switch {
	case e.Kind == leaderelection.EventHolder && e.Holder != e.Identity:
		c.journal.Write(journal.Line{Kind: journal.Standby})
	case e.Kind == leaderelection.EventRequest && (e.Request == "acquire" || e.Request == "renew"):
		at := journal.Now() - time.Since(e.Time)
		entry := history.Entry{At: at, Kind: history.Requested, Cause: e.Request, Sent: at - e.Took}
		if e.Err != nil {
			entry.Error = e.Err.Error()
		}
		c.write(entry)
	}
}

func (c *chronicle) fenced(f leaderelection.Fence) {
	c.write(history.Entry{Kind: history.Fenced, Token: f.Token})
}
