package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// line is one of "go test -json" (see "go doc test2json" and "go help
// buildjson"); a line that is none has only Output.
type line struct {
	Time                  time.Time
	Action                string
	ImportPath            string // of build output
	Package, Test, Output string
	Key, Value            string // of an attribute
	FailedBuild           string
	Elapsed               float64
}

func scan(r io.Reader, lines chan<- line) {
	defer close(lines)
	for b := bufio.NewReader(r); ; {
		text, err := b.ReadString('\n')
		if text != "" {
			var l line
			if json.Unmarshal([]byte(text), &l) != nil {
				l = line{Action: "output", Output: text}
			}
			lines <- l
		}
		if err != nil {
			return
		}
	}
}

type test struct{ pkg, name string }

// report makes lines readable.
type report struct {
	w       io.Writer
	started map[test]time.Time
	output  map[test][]string
	counts  map[string]map[string]int // package → action → tests
	skips   []string
	total   map[string]int
}

func newReport(w io.Writer) *report {
	return &report{
		w: w, started: make(map[test]time.Time), output: make(map[test][]string),
		counts: make(map[string]map[string]int), total: make(map[string]int),
	}
}

func (r *report) printf(format string, args ...any) { _, _ = fmt.Fprintf(r.w, format, args...) }

func (r *report) take(l line) {
	t := test{l.Package, l.Test}
	switch l.Action {
	case "build-output":
		r.printf("%s", l.Output)
	case "output":
		if l.Package == "" {
			r.printf("%s", l.Output)
			return
		}
		r.output[t] = append(r.output[t], l.Output)
	case "attr":
		r.printf("      %s: %s\n", strings.TrimSpace(short(l.Package)+" "+l.Key), l.Value)
	case "start", "run", "cont":
		r.started[t] = l.Time
	case "pause":
		delete(r.started, t)
	case "pass", "fail", "skip":
		delete(r.started, t)
		if l.Test == "" {
			r.pkg(l)
		} else {
			r.test(t, l.Action)
		}
		delete(r.output, t)
	}
}

func (r *report) test(t test, action string) {
	if r.counts[t.pkg] == nil {
		r.counts[t.pkg] = make(map[string]int)
	}
	r.counts[t.pkg][action]++
	r.total[action]++
	switch action {
	case "fail":
		said := slices.DeleteFunc(r.output[t], func(o string) bool { return strings.HasPrefix(o, "=== ") })
		r.printf("\n%s\n", strings.TrimRight(strings.Join(said, ""), "\n"))
	case "skip":
		r.skips = append(r.skips, fmt.Sprintf("%s %s: %s", short(t.pkg), t.name, reason(r.output[t])))
	}
}

func (r *report) pkg(l line) {
	n := r.counts[l.Package]
	switch {
	case l.Action == "fail":
		r.total["packages failed"]++
		// What belongs to no test: a panic, a race, a failed TestMain.
		r.printf("%s", strings.Join(r.output[test{l.Package, ""}], ""))
		for _, t := range slices.SortedFunc(maps.Keys(r.output), func(a, b test) int { return cmp.Compare(a.name, b.name) }) {
			if t.pkg == l.Package && t.name != "" { // did not end
				r.printf("%s", strings.Join(r.output[t], ""))
			}
		}
		r.printf("FAIL  %-45s %d of %d tests failed, %.1fs\n", short(l.Package), n["fail"], n["fail"]+n["pass"]+n["skip"], l.Elapsed)
	case len(n) == 0:
		r.printf("  -   %-45s no tests\n", short(l.Package))
	case n["skip"] > 0:
		r.printf("ok    %-45s %4d tests, %d skipped, %.1fs\n", short(l.Package), n["pass"], n["skip"], l.Elapsed)
	default:
		r.printf("ok    %-45s %4d tests, %.1fs\n", short(l.Package), n["pass"], l.Elapsed)
	}
}

// running says what is under way: the innermost tests only.
func (r *report) running(now time.Time) {
	var all []string
	for t, since := range r.started {
		inner := false
		for u := range r.started {
			inner = inner || u.pkg == t.pkg && u != t && (t.name == "" || strings.HasPrefix(u.name, t.name+"/"))
		}
		if !inner {
			all = append(all, fmt.Sprintf("%s (%.0fs)", strings.TrimSpace(short(t.pkg)+" "+t.name), now.Sub(since).Seconds()))
		}
	}
	slices.Sort(all)
	const most = 4
	if n := len(all) - most; n > 0 {
		all = append(all[:most], fmt.Sprintf("and %d more", n))
	}
	if len(all) == 0 {
		all = []string{"compiling"}
	}
	r.printf("...   %s\n", strings.Join(all, ", "))
}

func (r *report) summary() {
	for _, s := range r.skips {
		r.printf("skipped: %s\n", s)
	}
	r.printf("%d tests passed, %d failed, %d skipped\n", r.total["pass"], r.total["fail"], r.total["skip"])
}

// reason is what a skipped test said.
func reason(output []string) string {
	var said []string
	for _, o := range output {
		if o = strings.TrimSpace(o); !strings.HasPrefix(o, "===") && !strings.HasPrefix(o, "---") && o != "" {
			said = append(said, o)
		}
	}
	return strings.Join(said, " ")
}

func short(pkg string) string {
	const module = "github.com/regent-ha/regent"
	if pkg == module {
		return "."
	}
	return strings.TrimPrefix(pkg, module+"/")
}
