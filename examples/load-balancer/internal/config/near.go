package config

import (
	"cmp"
	"slices"
)

// Nearest are up to three of the names, the most similar to name first.
func Nearest(name string, names []string) []string {
	type near struct {
		name     string
		distance int
	}
	var all []near
	for _, n := range names {
		if d := Distance(name, n); d <= max(len(name), len(n))/2 {
			all = append(all, near{n, d})
		}
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.distance, b.distance), cmp.Compare(a.name, b.name))
	})
	var first []string
	for _, n := range all[:min(len(all), 3)] {
		first = append(first, n.name)
	}
	return first
}

// longestName bounds what is compared: names are short, but a file can say
// anything.
const longestName = 100

// Distance is how many bytes have to be put in, taken out or replaced to make b
// of a (Levenshtein's).
func Distance(a, b string) int {
	a, b = a[:min(len(a), longestName)], b[:min(len(b), longestName)]
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
