// Package quantity writes numbers for people.
package quantity

import (
	"math"
	"strconv"
)

// SI is a number with three digits and the prefix of its size: "12.3 k". The
// unit comes behind it.
func SI(n float64) string {
	prefixes := []string{"", " k", " M", " G", " T", " P", " E"}
	i := 0
	for ; i < len(prefixes)-1 && math.Abs(n) >= 999.5; i++ {
		n /= 1000
	}
	digits := 0
	switch {
	case n == math.Trunc(n) && i == 0:
	case math.Abs(n) < 9.995:
		digits = 2
	case math.Abs(n) < 99.95:
		digits = 1
	}
	return strconv.FormatFloat(n, 'f', digits, 64) + prefixes[i]
}

// Unit is SI with a unit behind it: "12.3 kbit/s", "7 packets/s".
func Unit(n float64, unit string) string {
	s := SI(n)
	if last := s[len(s)-1]; last >= '0' && last <= '9' {
		return s + " " + unit
	}
	return s + unit
}

// Percent is a part of 1: "33.3 %".
func Percent(part float64) string {
	return strconv.FormatFloat(100*part, 'f', 1, 64) + " %"
}

// Plural is a number and its noun: "1 service", "2 services".
func Plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return strconv.Itoa(n) + " " + noun + "s"
}
