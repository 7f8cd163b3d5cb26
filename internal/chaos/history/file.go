package history

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/regent-ha/regent/internal/journal"
)

// Ext is how the names of files with entries end.
const Ext = ".jsonl"

// Writer writes the entries of one process. What it has written outlives the
// process, even if that is killed. Its methods may be called from several
// goroutines.
type Writer struct {
	replica string

	mu  sync.Mutex // guards the field below
	out *os.File
}

// Create starts the file of a process in a directory.
func Create(dir, replica string) (*Writer, error) {
	f, err := os.OpenFile(filepath.Join(dir, replica+Ext), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	return &Writer{replica: replica, out: f}, nil
}

// Write writes an entry, with the time and the replica where they are not set.
func (w *Writer) Write(e Entry) error {
	e.At, e.Replica = cmp.Or(e.At, journal.Now()), cmp.Or(e.Replica, w.replica)
	b, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("history: %w", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.out.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("history: %w", err)
	}
	return nil
}

// Close ends the file.
func (w *Writer) Close() error { return w.out.Close() }

// Load returns the entries of all files in a directory, in the order of their
// time.
func Load(dir string) ([]Entry, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"+Ext))
	if err != nil {
		return nil, fmt.Errorf("history: %w", err)
	}
	var all []Entry
	for _, file := range files {
		entries, err := load(file)
		if err != nil {
			return nil, fmt.Errorf("history: %s: %w", file, err)
		}
		all = append(all, entries...)
	}
	slices.SortStableFunc(all, func(a, b Entry) int { return cmp.Compare(a.At, b.At) })
	return all, nil
}

func load(file string) (entries []Entry, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was read
	for d := json.NewDecoder(bufio.NewReader(f)); ; {
		var e Entry
		switch err := d.Decode(&e); {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // killed in the middle of a line
			return entries, nil
		case err != nil:
			return nil, err
		}
		entries = append(entries, e)
	}
}
