package config

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/regent-ha/regent/ha/page"
)

// Fault is something in a file that is refused. Load joins all that it finds, in
// the order of their lines.
type Fault struct {
	// File and Line are where it stands. A field that is missing is missing in
	// what begins at Line.
	File string
	Line int
	// Field is its place, such as "services[1].endpoints[0].weight", Value what
	// the file says. Both can be empty.
	Field, Value string
	// Bound is what it violates, Mend what to do.
	Bound, Mend string
}

func (f *Fault) Error() string {
	where := fmt.Sprintf("%s:%d:", f.File, f.Line)
	for _, part := range []string{f.Field, f.Value, f.Bound} {
		if part != "" {
			where += " " + part
		}
	}
	return where + "; mend: " + f.Mend
}

const (
	// mostFaults is how many are told: more have one reason, and bury it.
	mostFaults = 100
	// longestValue is how much of a value is told, in characters.
	longestValue = 80
)

// join makes one error of all faults.
func (r *reading) join() error {
	slices.SortStableFunc(r.faults, func(a, b *Fault) int { return cmp.Compare(a.Line, b.Line) })
	var all []error
	for i, f := range r.faults {
		if i == mostFaults {
			all = append(all, fmt.Errorf("%s: and %d more faults", r.file, len(r.faults)-mostFaults))
			break
		}
		all = append(all, f)
	}
	return errors.Join(all...)
}

// told: there is a fault at the field, or at a part of it.
func (r *reading) told(field string) bool {
	return slices.ContainsFunc(r.faults, func(f *Fault) bool {
		rest, within := strings.CutPrefix(f.Field, field)
		return within && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// add notes a fault.
func (r *reading) add(line int, field, value, bound, mend string) {
	r.faults = append(r.faults, &Fault{File: r.file, Line: max(line, 1), Field: field, Value: value, Bound: bound, Mend: mend})
}

// relative is a name in the file, as seen from the file's directory.
func (r *reading) relative(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(filepath.Dir(r.file), name)
}

// shown is a value for people: bounded, and with quotes unless it is a plain
// word.
func shown(value string) string {
	value = page.Bound(value, longestValue)
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_.:/+%*-", c)
	}
	if value != "" && !strings.ContainsFunc(value, func(c rune) bool { return !plain(c) }) {
		return value
	}
	return strconv.Quote(value)
}
