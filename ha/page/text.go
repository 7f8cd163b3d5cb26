package page

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bound shortens s to at most limit characters, the last of which then is an
// ellipsis, and replaces each run of what is not UTF-8 by one U+FFFD.
func Bound(s string, limit int) string {
	runes := make([]rune, 0, min(limit, len(s)))
	for broken := false; s != ""; { // no further than needed: it may be a megabyte
		r, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		if r == utf8.RuneError && size == 1 {
			if broken {
				continue
			}
			broken = true
		} else {
			broken = false
		}
		if len(runes) == limit {
			return string(runes[:limit-1]) + "…"
		}
		runes = append(runes, r)
	}
	return string(runes)
}

// Visible shows each character of s that has no sign of its own, or that would
// change the direction of the text around it, as its code. Newlines stay.
func Visible(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r == '\n' || unicode.IsGraphic(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// Span tells a duration in at most two units: "3 h 12 min". What is negative,
// as clocks of other hosts make it, is "0 s".
func Span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Second-50*time.Millisecond:
		d = d.Round(100 * time.Millisecond)
		if d == 0 || d%time.Second != 0 {
			return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), "0.0 s", "0 s", 1)
		}
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(d, 10*time.Second)/time.Second)
	case d < time.Hour:
		return units(d, time.Minute, "min", time.Second, "s")
	case d < 24*time.Hour:
		return units(d, time.Hour, "h", time.Minute, "min")
	}
	return units(d, 24*time.Hour, "d", time.Hour, "h")
}

func units(d, large time.Duration, largeName string, small time.Duration, smallName string) string {
	if rest := d % large / small; rest > 0 {
		return fmt.Sprintf("%d %s %d %s", d/large, largeName, rest, smallName)
	}
	return fmt.Sprintf("%d %s", d/large, largeName)
}
