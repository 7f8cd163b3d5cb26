package main

import (
	"fmt"
	"strings"
)

func (r result) String() string {
	return fmt.Sprintf("%-28s %-9s %5.1fs  %s", r.id, r.verdict(), r.took.Seconds(), r.detail())
}

func (r result) verdict() string {
	switch {
	case r.err != nil:
		return "ERROR"
	case r.by == "":
		return "ESCAPED"
	}
	return "caught"
}

func (r result) detail() string {
	switch {
	case r.err != nil:
		return r.err.Error()
	case r.by == "":
		return r.what
	}
	return fmt.Sprintf("%s; by %s (%s)", r.what, r.by, r.stage.kind)
}

// summary counts, and reports whether all were caught.
func summary(results []result) (line string, ok bool) {
	counts := make(map[string]int)
	caught, escaped, wrong := 0, 0, 0
	for _, r := range results {
		switch {
		case r.err != nil:
			wrong++
		case r.by == "":
			escaped++
		default:
			caught++
			counts[r.stage.kind]++
		}
	}
	line = fmt.Sprintf("%d mutants: %d caught (%d unit, %d model, %d sim), %d escaped", len(results), caught,
		counts[unit], counts[model], counts[simulation], escaped)
	if wrong > 0 {
		line += fmt.Sprintf(", %d errors", wrong)
	}
	return line, escaped+wrong == 0
}

// stable is the test without what differs from run to run: which of the model's
// settings, that are searched at the same time, comes first.
func (r result) stable() string {
	if r.stage.kind != unit {
		name, _, _ := strings.Cut(r.by, "/")
		return name
	}
	return r.by
}

// markdown is a table of the results.
func markdown(results []result) string {
	var b strings.Builder
	b.WriteString("| mutant | what is wrong | noticed by |\n|---|---|---|\n")
	for _, r := range results {
		by := "nobody"
		switch {
		case r.err != nil:
			by = "error"
		case r.by != "":
			by = fmt.Sprintf("%s: `%s`", r.stage.kind, r.stable())
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", r.id, strings.ReplaceAll(r.what, "|", `\|`), by)
	}
	line, _ := summary(results)
	fmt.Fprintf(&b, "\n%s.\n", line)
	return b.String()
}
