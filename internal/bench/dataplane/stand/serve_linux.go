package stand

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Serve is a stand, until its input ends.
func Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	ctx, end := context.WithCancel(ctx)
	defer end()
	questions, answers := json.NewDecoder(bufio.NewReader(in)), json.NewEncoder(out)
	var s Setup
	if err := questions.Decode(&s); err != nil {
		return fmt.Errorf("stand: set up: %w", err)
	}
	b, err := newBench(ctx, s)
	if err != nil {
		return errors.Join(err, answers.Encode(answer{Fault: err.Error()}))
	}
	defer func() { _ = b.close() }() // all of it goes with the process
	if err := answers.Encode(answer{}); err != nil {
		return err
	}
	for {
		var r request
		switch err := questions.Decode(&r); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("stand: a request: %w", err)
		}
		a, err := b.do(ctx, r)
		if err != nil {
			a.Fault = err.Error()
		}
		if err := answers.Encode(a); err != nil {
			return err
		}
	}
}
