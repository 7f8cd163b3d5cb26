package ha

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"runtime/pprof"
	"strings"
	"time"
)

// Overrun is a component that was told to stop and has not returned in time.
type Overrun struct {
	// Component is its name, Cause why it was told.
	Component string
	Cause     error
	// For is the time since then.
	For time.Duration
	// Stack is what its goroutines are doing.
	Stack string
}

// label is what the goroutines of a component are labelled with, as in the
// goroutine profile of runtime/pprof: so it is known whose they are.
const label = "regent.ha.component"

// The functions of a component that have goroutines.
const (
	inRun  = "run"
	inWarm = "warm"
)

// labelOf names a function of a component of one Run of a Group.
func (r *run) labelOf(p *part, function string) string {
	return fmt.Sprintf("%s/%s/%s@%p", r.g.cfg.Name, p.Name, function, r)
}

// goLabelled calls f on a goroutine that is known to be the part's, and so are
// those that it starts.
func (r *run) goLabelled(ctx context.Context, p *part, function string, f func(context.Context)) {
	r.tasks.Go(func() { pprof.Do(ctx, pprof.Labels(label, r.labelOf(p, function)), f) })
}

// report says that a function of a part has not returned.
func (r *run) report(p *part, function string, start time.Time, cause error) {
	o := Overrun{Component: p.Name, Cause: cause, For: time.Since(start), Stack: r.stack(p, function)}
	r.logger.Error("a component does not return: it is waited for; mend: it has to return when its context ends",
		"component", o.Component, "function", function, "reason", o.Cause, "for", o.For, "stack", o.Stack)
	if r.g.cfg.OnOverrun != nil {
		go r.g.cfg.OnOverrun(o)
	}
}

// stack is what the part's goroutines are doing.
func (r *run) stack(p *part, function string) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return err.Error()
	}
	mark := fmt.Appendf(nil, "%q:%q", label, r.labelOf(p, function))
	var own []string
	for block := range bytes.SplitSeq(all.Bytes(), []byte("\n\n")) {
		if bytes.Contains(block, mark) {
			own = append(own, readable(string(block)))
		}
	}
	return strings.Join(own, "\n")
}

// address is what people do not need of a line of the profile.
var address = regexp.MustCompile(`^#\t0x[0-9a-f]+\t|\+0x[0-9a-f]+`)

// readable leaves of a block of the profile how many goroutines there are, and
// where.
func readable(block string) string {
	var text strings.Builder
	for line := range strings.Lines(block) {
		switch {
		case strings.HasPrefix(line, "# labels:"):
		case strings.HasPrefix(line, "#"):
			text.WriteString("\t" + address.ReplaceAllString(line, ""))
		default:
			count, _, _ := strings.Cut(line, " @ ")
			text.WriteString(count + " at\n")
		}
	}
	return text.String()
}
